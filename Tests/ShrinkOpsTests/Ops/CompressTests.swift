import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct CompressTests {
  @Test func obeysTheLaws() throws {
    try checkLaws(
      "Compress", ["axis": .int(0)], operands: [.random([3, 4]), .tensor(Tensor(shape: [3], [true, false, true]))],
      constants: [1])
  }

  @Test func takesSlicesAndElements() throws {
    let x = Tensor.counting([2, 3])
    let columns = try result("Compress", ["axis": .int(-1)], x, Tensor(shape: [3], [true, false, true]))
    #expect(columns == Tensor(shape: [2, 2], [0, 2, 3, 5] as [Float]))
    #expect(try result("Compress", [:], x, Tensor(shape: [5], [false, true, false, false, true])).floats == [1, 4])
    #expect(try result("Compress", ["axis": .int(0)], x, Tensor(shape: [0], [] as [Bool])).shape == [0, 3])
  }

  @Test func itsShapeDependsOnData() {
    let node = NodeCase("Compress", operands: [Tensor.counting([2]), Tensor(shape: [1], [true])])
    #expect(#expect(throws: OperatorError.self) { try node.infer() } == .shapeDependsOnData)
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2])
    #expect(throws: OperatorError.self) { try result("Compress", [:], x, Tensor(shape: [3], repeating: true)) }
    #expect(throws: OperatorError.self) { try result("Compress", [:], x, .integers(1)) }
    #expect(throws: OperatorError.self) { try result("Compress", [:], x, Tensor(true)) }
    #expect(throws: OperatorError.self) {
      try result("Compress", ["axis": .int(.min)], x, Tensor(shape: [1], [true]))
    }
  }
}
