import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct SqueezeTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("Squeeze", opset: 11, ["axes": .ints([-1, 0])], operands: [.random([1, 4, 3, 1])])
    try checkLaws("Squeeze", operands: [.random([2, 1, 4]), .tensor(.integers(1))], constants: [1])
    try checkLaws("Squeeze", opset: 11, operands: [.random([2, 1, 4])])
  }

  @Test func pinsAxesWhereOneOfSizeOneWouldGo() throws {
    try checkLaws("Squeeze", operands: [.random([2, 1, 4])], removesSomething: false)
  }

  @Test func drops() throws {
    let x = Tensor.counting([1, 2, 1])
    #expect(try result("Squeeze", [:], x).shape == [2])
    #expect(try result("Squeeze", [:], x, .integers(-1)).shape == [1, 2])
    #expect(try result("Squeeze", [:], x).storage === x.storage)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("Squeeze", [:], Tensor.counting([2]), .integers(0)) }
    #expect(throws: OperatorError.self) { try result("Squeeze", [:], Tensor.counting([1]), .integers(1)) }
  }
}
