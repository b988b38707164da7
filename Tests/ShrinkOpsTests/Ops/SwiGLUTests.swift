import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct SwiGLUTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("SwiGLU", opset: 28, ["alpha": .float(1.5)], operands: [.random([2, 3, 4]), .random([2, 3, 4])])
  }

  @Test func isSwishTimesTheValue() throws {
    var rng = SplitMix64(seed: 4)
    let a = Tensor.random([37], in: -20...20, using: &rng), b = Tensor.random([37], using: &rng)
    let wanted = try result("Mul", result("Swish", opset: 28, ["alpha": .float(2)], a), b)
    #expect(try result("SwiGLU", opset: 28, ["alpha": .float(2)], a, b).difference(from: wanted) == nil)
    #expect(throws: OperatorError.self) { try result("SwiGLU", opset: 28, a, .counting([1])) }
  }
}
