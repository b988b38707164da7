import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct FusedGemmTests {
  private static func function(_ name: String) -> Attribute.Value { .string(Array(name.utf8)) }

  @Test func obeysTheLaws() throws {
    for transposed in [0, 1] {
      try checkLaws(
        "FusedGemm", domain: "com.microsoft", opset: 1,
        ["activation": Self.function("Relu"), "transB": .int(Int64(transposed)), "beta": .float(2)],
        operands: [.random([3, 4]), .random(transposed == 1 ? [5, 4] : [4, 5]), .random([5])], constants: [1, 2])
    }
  }

  @Test func isGemmAndTheFunction() throws {
    var rng = SplitMix64(seed: 4)
    let a = Tensor.random([3, 4], using: &rng), b = Tensor.random([4, 5], using: &rng)
    let product = try result("Gemm", a, b)
    let options: [String: Attribute.Value] = [
      "activation": Self.function("HardSigmoid"), "activation_alpha": .float(0.3), "activation_beta": .float(0.1),
    ]
    #expect(
      try contributed("FusedGemm", options, [a, b]) == [
        result("HardSigmoid", ["alpha": .float(0.3), "beta": .float(0.1)], product)
      ])
    #expect(try contributed("FusedGemm", ["activation": Self.function("Tanh")], [a, b]) == [result("Tanh", product)])
  }

  @Test func refusesWhatDoesNotFit() {
    refuses(.malformedModel, "FusedGemm", [.counting([2, 3]), .counting([2, 3])])
    refuses(
      .unsupportedOperator, "FusedGemm", ["activation": Self.function("ScaledTanh")],
      [.counting([2, 3]), .counting([3, 2])])
  }
}
