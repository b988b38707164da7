import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct LpPoolTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("LpPool", opset: 18, ["kernel_shape": .ints([2, 2])], operands: [.random([2, 3, 4, 5])])
  }

  @Test func takesNorms() throws {
    let x = Tensor(shape: [1, 1, 4], [3, -4, 0, 2] as [Float])
    let two: [String: Attribute.Value] = ["kernel_shape": .ints([2])]
    #expect(try result("LpPool", two, x).floats == [5, 4, 2])
    #expect(try result("LpPool", two.merging(["p": .int(1)]) { $1 }, x).floats == [7, 4, 2])
    #expect(
      try result("LpPool", opset: 1, two.merging(["p": .float(1), "pads": .ints([1, 0])]) { $1 }, x).floats
        == [3, 7, 4, 2])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([1, 1, 4])
    #expect(throws: OperatorError.self) { try result("LpPool", [:], x) }
    #expect(throws: OperatorError.self) { try result("LpPool", ["kernel_shape": .ints([2]), "p": .int(0)], x) }
    #expect(throws: OperatorError.self) { try result("LpPool", ["kernel_shape": .ints([5])], x) }
    #expect(throws: OperatorError.self) { try result("LpPool", ["kernel_shape": .ints([2])], Tensor.counting([4])) }
  }
}
