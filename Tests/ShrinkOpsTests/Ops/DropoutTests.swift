import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct DropoutTests {
  @Test(arguments: [7, 10, 12, 17]) func obeysTheLaws(_ opset: Int) throws {
    for outputs in 1...2 { try checkLaws("Dropout", opset: opset, outputs: outputs, operands: [.random([2, 3, 4])]) }
  }

  @Test func passesItsOperandOn() throws {
    let x = Tensor(shape: [2], [1, 2] as [Float])
    let results = try NodeCase("Dropout", outputs: 2, operands: [x, Tensor(Float(0.5)), Tensor(false)]).run()
    #expect(results == [x, Tensor(shape: [2], [true, true])])
    #expect(throws: OperatorError.self) {
      try NodeCase("Dropout", operands: [x, Tensor(Float(0.5)), Tensor(true)]).run()
    }
  }
}
