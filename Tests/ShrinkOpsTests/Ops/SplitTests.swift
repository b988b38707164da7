import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct SplitTests {
  /// Parts that do not stay equal: the node is given lengths.
  @Test(arguments: [11, 13, 18])
  func obeysTheLawsWithEqualParts(_ opset: Int) throws {
    let count: [String: Attribute.Value] = opset < 18 ? [:] : ["num_outputs": .int(2)]
    let attributes = count.merging(["axis": .int(1)]) { a, _ in a }
    try checkLaws("Split", opset: opset, outputs: 2, attributes, operands: [.random([2, 6, 3])])
  }

  @Test func obeysTheLawsWithGivenParts() throws {
    try checkLaws(
      "Split", opset: 11, outputs: 3, ["axis": .int(-2), "split": .ints([2, 3, 2])], operands: [.random([2, 7, 3])])
    try checkLaws(
      "Split", outputs: 2, ["axis": .int(1)], operands: [.random([2, 6, 3]), .tensor(.integers(2, 4))], constants: [1])
  }

  @Test func obeysTheLawsWithAShorterLastPart() throws {
    try checkLaws(
      "Split", opset: 18, outputs: 3, ["axis": .int(1), "num_outputs": .int(3)], operands: [.random([2, 7])])
  }

  @Test func pinsTheAxisWhenAPartHasOneIndex() throws {
    try checkLaws(
      "Split", opset: 11, outputs: 2, ["split": .ints([1, 3])], operands: [.random([4])], removesSomething: false)
  }

  @Test func cuts() throws {
    let parts = try results("Split", outputs: 2, ["axis": .int(1)], Tensor.counting([2, 3]), .integers(1, 2))
    #expect(parts.map(\.shape) == [[2, 1], [2, 2]])
    #expect(parts.map(\.floats) == [[0, 3], [1, 2, 4, 5]])
    let last = try results("Split", opset: 18, outputs: 2, ["num_outputs": .int(2)], Tensor.counting([5]))
    #expect(last.map(\.floats) == [[0, 1, 2], [3, 4]])
    #expect(
      try results("Split", outputs: 2, [:], Tensor.counting([2]), .integers(0, 2)).map(\.floats) == [[], [0, 1]])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([5])
    #expect(throws: OperatorError.self) { try results("Split", outputs: 2, [:], x) }
    #expect(throws: OperatorError.self) { try results("Split", outputs: 2, [:], x, .integers(2, 2)) }
    #expect(throws: OperatorError.self) { try results("Split", outputs: 2, [:], x, .integers(6, -1)) }
    #expect(throws: OperatorError.self) { try results("Split", outputs: 2, [:], x, .integers(.max, .max)) }
    #expect(throws: OperatorError.self) { try results("Split", outputs: 1, [:], x, .integers(2, 3)) }
    #expect(throws: OperatorError.self) { try results("Split", opset: 18, outputs: 9, [:], x) }
  }
}
