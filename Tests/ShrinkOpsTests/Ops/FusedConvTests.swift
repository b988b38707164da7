import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct FusedConvTests {
  private static func function(_ name: String) -> Attribute.Value { .string(Array(name.utf8)) }

  @Test func obeysTheLaws() throws {
    for summand in [CaseOperand.absent, .random([2, 6, 5, 5])] {
      try checkLaws(
        "FusedConv", domain: "com.microsoft", opset: 1,
        ["activation": Self.function("Sigmoid"), "pads": .ints([1, 1, 1, 1])],
        operands: [.random([2, 4, 5, 5]), .random([6, 4, 3, 3]), .random([6]), summand], constants: [1, 2])
    }
    try checkLaws(
      "FusedConv", domain: "com.microsoft", opset: 1, ["activation": Self.function("Tanh"), "group": .int(4)],
      operands: [.random([2, 4, 5, 5]), .random([4, 1, 3, 3]), .random([4])], constants: [1, 2])
  }

  @Test func isConvAddAndTheFunction() throws {
    var rng = SplitMix64(seed: 4)
    let x = Tensor.random([1, 2, 4, 4], using: &rng), w = Tensor.random([3, 2, 3, 3], using: &rng)
    let z = Tensor.random([1, 3, 2, 2], using: &rng)
    let sum = try result("Add", result("Conv", x, w), z)
    let clip: [String: Attribute.Value] = [
      "activation": Self.function("Clip"), "activation_params": .floats([-0.1, 0.4]),
    ]
    #expect(try contributed("FusedConv", [x, w, nil, z]) == [sum])
    #expect(
      try contributed("FusedConv", clip, [x, w, nil, z]) == [
        result("Clip", sum, Tensor(Float(-0.1)), Tensor(Float(0.4)))
      ])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([1, 2, 4, 4]), w = Tensor.counting([3, 2, 3, 3])
    refuses(.malformedModel, "FusedConv", [x, w, nil, x])
    refuses(.unsupportedOperator, "FusedConv", ["activation": Self.function("Gelu")], [x, w])
  }
}
