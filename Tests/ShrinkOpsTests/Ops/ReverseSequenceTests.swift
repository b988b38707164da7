import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ReverseSequenceTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("ReverseSequence", operands: [.random([3, 2, 4]), .tensor(.integers(2, 3))])
  }

  @Test func reversesTheFirstSteps() throws {
    let x = Tensor.counting([3, 2])
    #expect(try result("ReverseSequence", [:], x, .integers(2, 3)).floats == [2, 5, 0, 3, 4, 1])
    #expect(try result("ReverseSequence", [:], x, .integers(0, 1)) == x)
    let rows = try result(
      "ReverseSequence", ["time_axis": .int(1), "batch_axis": .int(0)], x, .integers(2, 1, 2))
    #expect(rows.floats == [1, 0, 2, 3, 5, 4])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([3, 2])
    for length in [-1, 4, .min, .max] as [Int64] {
      #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], x, .integers(0, length)) }
    }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], x, .integers(1, 1, 1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", ["time_axis": .int(1)], x, .integers(1, 1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", ["time_axis": .int(.max)], x, .integers(1, 1)) }
    #expect(throws: OperatorError.self) { try result("ReverseSequence", [:], Tensor.counting([3]), .integers(1, 1, 1)) }
  }
}
