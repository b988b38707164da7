import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct FusedGeluTests {
  @Test func obeysTheLaws() throws {
    for name in FusedGelu.names {
      if name != "BiasGelu" { try checkLaws(name, domain: "com.microsoft", opset: 1, operands: [.random([2, 3, 5])]) }
      if name == "BiasGelu" || name == "FastGelu" {
        try checkLaws(name, domain: "com.microsoft", opset: 1, operands: [.random([2, 3, 5]), .random([5])])
      }
    }
  }

  @Test func areTheFunctionsOfONNX() throws {
    var rng = SplitMix64(seed: 4)
    let x = Tensor.random([3, 70], in: -4...4, using: &rng), bias = Tensor.random([70], using: &rng)
    let sum = try result("Add", x, bias)
    let gelu = { (x: Tensor) in try result("Gelu", opset: 20, x) }
    let tanh = { (x: Tensor) in try result("Gelu", opset: 20, ["approximate": .string(Array("tanh".utf8))], x) }
    #expect(try contributed("Gelu", [x]) == [gelu(x)])
    #expect(try contributed("BiasGelu", [x, bias]) == [gelu(sum)])
    #expect(try contributed("FastGelu", [x]) == [tanh(x)])
    #expect(try contributed("FastGelu", [x, bias]) == [tanh(sum)])
    #expect(
      try contributed("QuickGelu", ["alpha": .float(1.5)], [x]) == [
        result("Swish", opset: 24, ["alpha": .float(1.5)], x)
      ])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 3])
    refuses(.malformedModel, "BiasGelu", [x])
    refuses(.malformedModel, "BiasGelu", [x, .counting([2])])
    refuses(.malformedModel, "FastGelu", [x, .counting([2, 3])])
    refuses(.malformedModel, "Gelu", [x, .counting([3])])
    refuses(.unsupportedOperator, "QuickGelu", [Tensor.integers(1)])
  }
}
