import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct CompressTests {
  private let x = Tensor.counting([3, 2])

  @Test func obeysTheLaws() throws {
    try checkLaws(
      "Compress", ["axis": .int(1)],
      operands: [.random([2, 3, 4]), .tensor(Tensor(shape: [3], [true, false, true]))], constants: [1])
  }

  @Test func takesWhatIsTrue() throws {
    let condition = Tensor(shape: [2], [false, true])
    #expect(try result("Compress", ["axis": .int(-2)], x, condition).floats == [2, 3])
    #expect(try result("Compress", ["axis": .int(1)], x, condition) == Tensor(shape: [3, 1], [1, 3, 5] as [Float]))
    #expect(try result("Compress", [:], x, Tensor(shape: [5], [false, true, false, false, true])).floats == [1, 4])
    #expect(try result("Compress", ["axis": .int(0)], x, Tensor(shape: [0], [] as [Bool])).shape == [0, 2])
    #expect(try result("Compress", [:], Tensor(Float(7)), Tensor(shape: [1], [true])).floats == [7])
  }

  @Test func cannotTellTheShapeBefore() {
    let node = NodeCase("Compress", operands: [x, Tensor(shape: [2], [true, true])])
    #expect(throws: OperatorError.shapeDependsOnData) { try node.infer() }
  }

  @Test func refusesWhatDoesNotFit() {
    let long = Tensor(shape: [4], [false, false, false, true])
    #expect(throws: OperatorError.self) { try result("Compress", ["axis": .int(0)], x, long) }
    #expect(throws: OperatorError.self) { try result("Compress", ["axis": .int(2)], x, long) }
    #expect(throws: OperatorError.self) { try result("Compress", [:], x, .integers(1)) }
    #expect(throws: OperatorError.self) { try result("Compress", [:], x, Tensor(true)) }
  }
}
