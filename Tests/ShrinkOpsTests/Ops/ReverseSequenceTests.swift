import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ReverseSequenceTests {
  @Test func obeysTheLaws() throws {
    try checkLaws(
      "ReverseSequence", operands: [.random([3, 2, 2]), .tensor(.integers(2, 3))], constants: [1])
  }

  @Test func reversesTheFirstSteps() throws {
    let x = Tensor.counting([4, 2])
    #expect(try result("ReverseSequence", [:], x, .integers(3, 1)).floats == [4, 1, 2, 3, 0, 5, 6, 7])
    let y = try result(
      "ReverseSequence", ["time_axis": .int(1), "batch_axis": .int(0)], .counting([2, 3]), .integers(2, 0))
    #expect(y.floats == [1, 0, 2, 3, 4, 5])
    #expect(try result("ReverseSequence", [:], Tensor.counting([2, 0]), .integers()).shape == [2, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([4, 2])
    #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], x, .integers(5, 1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], x, .integers(-1, 1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], x, .integers(1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", ["time_axis": .int(1)], x, .integers(1, 1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], Tensor.counting([4]), .integers(1)) }
  }
}
