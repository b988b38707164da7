import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct UnsqueezeTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("Unsqueeze", opset: 11, ["axes": .ints([0, -1])], operands: [.random([4, 3])])
    try checkLaws("Unsqueeze", operands: [.random([2, 4]), .tensor(.integers(1))], constants: [1])
  }

  @Test func inserts() throws {
    #expect(try result("Unsqueeze", [:], Tensor.counting([2, 3]), .integers(3, 0)).shape == [1, 2, 3, 1])
    #expect(try result("Unsqueeze", [:], Tensor(Float(1)), .integers(-1)).shape == [1])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("Unsqueeze", [:], Tensor.counting([2]), .integers(2)) }
    #expect(throws: OperatorError.self) { try result("Unsqueeze", [:], Tensor.counting([2]), .integers(0, -3)) }
    #expect(throws: OperatorError.self) { try result("Unsqueeze", [:], Tensor.counting([2])) }
  }
}
