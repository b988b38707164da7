import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ConcatTests {
  @Test(arguments: [0, 1, -1, 2])
  func obeysTheLaws(_ axis: Int64) throws {
    try checkLaws("Concat", ["axis": .int(axis)], operands: [.random([2, 3, 4]), .random([2, 3, 4])])
  }

  @Test func obeysTheLawsWithUnequalParts() throws {
    try checkLaws(
      "Concat", ["axis": .int(1)], operands: [.random([2, 3, 2]), .random([2, 2, 2]), .random([2, 4, 2])])
  }

  @Test func pinsTheAxisWhenAPartHasOneIndex() throws {
    try checkLaws("Concat", ["axis": .int(0)], operands: [.random([3]), .random([1])], removesSomething: false)
  }

  @Test func joins() throws {
    let y = try result("Concat", ["axis": .int(1)], Tensor.counting([2, 1]), .counting([2, 0]), .counting([2, 2]))
    #expect(y.shape == [2, 3])
    #expect(y.floats == [0, 0, 1, 1, 2, 3])
    #expect(try result("Concat", ["axis": .int(0)], Tensor.integers(1, 2), .integers(3)) == .integers(1, 2, 3))
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) {
      try result("Concat", ["axis": .int(0)], Tensor.counting([2, 1]), .counting([2]))
    }
    #expect(throws: OperatorError.self) { try result("Concat", ["axis": .int(2)], Tensor.counting([2, 1])) }
    #expect(throws: OperatorError.self) { try result("Concat", [:], Tensor.counting([2, 1])) }
  }
}
