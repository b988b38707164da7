import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct PackedAttentionTests {
  private static let heads: [String: Attribute.Value] = ["num_heads": .int(2), "unidirectional": .int(1)]

  @Test func obeysTheLaws() throws {
    let masks = [[2], [4], [2, 5], [1, 1], [2, 3, 5]].map { shape in
      CaseOperand.tensor(Tensor(shape: shape, (0..<Tensor.count(shape)).map { Int32($0 % 3 + 1) }))
    }
    let three: [String: Attribute.Value] = ["num_heads": .int(3), "qkv_hidden_sizes": .ints([12, 12, 12])]
    for mask in masks + [.absent] {
      for bias in [CaseOperand.absent, .random([36])] {
        try checkLaws(
          "Attention", domain: "com.microsoft", opset: 1, outputs: 2, three,
          operands: [
            .random([2, 3, 7]), .random([7, 36]), bias, mask, .random([2, 2, 3, 2, 4]), .random([1, 3, 3, 5]),
          ], constants: [1, 2], isLinear: true)
      }
    }
    try checkLaws(
      "Attention", domain: "com.microsoft", opset: 1, ["num_heads": .int(3)],
      operands: [.random([2, 3, 7]), .random([7, 36])], constants: [1], isLinear: true)
    try checkLaws(
      "Attention", domain: "com.microsoft", opset: 1, ["num_heads": .int(3), "qkv_hidden_sizes": .ints([12, 12, 6])],
      operands: [.random([2, 3, 7]), .random([7, 30]), .random([30])], constants: [1, 2], isLinear: true)
  }

  @Test func projectsAndAttends() throws {
    var rng = SplitMix64(seed: 4)
    let x = Tensor.random([2, 3, 7], using: &rng), w = Tensor.random([7, 24], using: &rng)
    let bias = Tensor.random([24], using: &rng), past = Tensor.random([2, 2, 2, 5, 4], using: &rng)
    let mask = Tensor(shape: [2, 8], (0..<16).map { Int32($0 % 3) })
    let sum = try result("Add", result("MatMul", x, w), bias)
    let parts = try results("Split", outputs: 3, ["axis": .int(2)], sum, Tensor.integers(8, 8, 8))
    let halves = try results("Split", outputs: 2, past, Tensor.integers(1, 1)).map { $0.reshaped([2, 2, 5, 4]) }
    let wanted = try contributed(
      "MultiHeadAttention", outputs: 3, Self.heads, parts + [nil, mask, nil] + halves)
    let found = try contributed("Attention", outputs: 2, Self.heads, [x, w, bias, mask, past])
    #expect(found[0].difference(from: wanted[0]) == nil)
    let present = try results("Split", outputs: 2, found[1], Tensor.integers(1, 1)).map { $0.reshaped([2, 2, 8, 4]) }
    #expect(present[0].difference(from: wanted[1]) == nil)
    #expect(present[1].difference(from: wanted[2]) == nil)
  }

  @Test func readsBoundsOnBothSides() throws {
    var rng = SplitMix64(seed: 4)
    let x = Tensor.random([2, 3, 7], using: &rng), w = Tensor.random([7, 24], using: &rng)
    let bounds = Tensor(shape: [4], [3, 2, 1, 0] as [Int32]),
      mask = Tensor(shape: [2, 3], [0, 1, 1, 1, 1, 0] as [Int32])
    let options: [String: Attribute.Value] = ["num_heads": .int(2)]
    #expect(
      try contributed("Attention", options, [x, w, nil, bounds])
        == contributed("Attention", options, [x, w, nil, mask]))
    let none = Tensor(shape: [2, 1], [0, 0] as [Int32])
    #expect(
      try contributed("Attention", options, [x, w, nil, none]) == contributed("Attention", options, [x, w]))
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 3, 7]), w = Tensor.counting([7, 24]), past = Tensor.counting([2, 2, 2, 5, 4])
    refuses(.malformedModel, "Attention", [x, w])
    refuses(.malformedModel, "Attention", Self.heads, [x, .counting([6, 24])])
    refuses(.malformedModel, "Attention", Self.heads, [x, .counting([7, 25])])
    refuses(.malformedModel, "Attention", Self.heads, [x, w, .counting([23])])
    refuses(.malformedModel, "Attention", Self.heads, [x, w, nil, nil, past])
    refuses(.malformedModel, "Attention", outputs: 2, Self.heads, [x, w, nil, nil, .counting([2, 2, 2, 5, 3])])
    let sizes = { (sizes: [Int64]) in Self.heads.merging(["qkv_hidden_sizes": .ints(sizes)]) { $1 } }
    refuses(.malformedModel, "Attention", sizes([6, 6, 6]), [x, w])
    refuses(.malformedModel, "Attention", sizes([6, 8, 10]), [x, w])
    refuses(.malformedModel, "Attention", sizes([.max, .max, 2]), [x, w])
    refuses(.unsupportedOperator, "Attention", outputs: 2, sizes([6, 6, 12]), [x, w])
    refuses(.unsupportedOperator, "Attention", ["num_heads": .int(2), "do_rotary": .int(1)], [x, w])
    refuses(.unsupportedOperator, "Attention", ["num_heads": .int(2), "past_present_share_buffer": .int(1)], [x, w])
    refuses(.unsupportedOperator, "Attention", Self.heads, [x, w, nil, .counting([8])])
    refuses(.unsupportedOperator, "Attention", Self.heads, [x, w, nil, .counting([2, 1, 8, 8])])
  }
}
