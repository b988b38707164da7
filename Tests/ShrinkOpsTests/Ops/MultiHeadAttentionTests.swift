import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct MultiHeadAttentionTests {
  private static let heads: [String: Attribute.Value] = ["num_heads": .int(2)]

  @Test(arguments: [[2, 1, 3, 5], [1, 3, 3, 5], [2, 3, 3, 5]]) func obeysTheLaws(_ summand: [Int]) throws {
    let three: [String: Attribute.Value] = ["num_heads": .int(3)]
    let masks = [[2], [2, 5], [2, 3, 5]].map { shape in
      CaseOperand.tensor(Tensor(shape: shape, (0..<Tensor.count(shape)).map { Int32($0 % 3 + 1) }))
    }
    for mask in masks + [.absent] {
      for bias in [CaseOperand.absent, .random([42])] {
        let operands: [CaseOperand] = [
          .random([2, 3, 12]), .random([2, 5, 12]), .random([2, 5, 18]), bias, mask, .random(summand),
        ]
        for outputs in [1, 3, 4] {
          try checkLaws(
            "MultiHeadAttention", domain: "com.microsoft", opset: 1, outputs: outputs, three, operands: operands)
        }
      }
    }
  }

  @Test func obeysTheLawsWithOneWidth() throws {
    let three: [String: Attribute.Value] = ["num_heads": .int(3)]
    for bias in [CaseOperand.absent, .random([36])] {
      try checkLaws(
        "MultiHeadAttention", domain: "com.microsoft", opset: 1, outputs: 3,
        three.merging(["unidirectional": .int(1), "scale": .float(0.4)]) { $1 },
        operands: [
          .random([2, 4, 12]), .random([2, 4, 12]), .random([2, 4, 12]), bias, .absent, .absent, .random([2, 3, 2, 4]),
          .random([2, 3, 2, 4]),
        ])
    }
    let split: [CaseOperand] = [.random([2, 4, 12]), .random([2, 3, 5, 4]), .random([2, 3, 5, 4])]
    try checkLaws("MultiHeadAttention", domain: "com.microsoft", opset: 1, three, operands: split)
    try checkLaws(
      "MultiHeadAttention", domain: "com.microsoft", opset: 1, three, operands: split + [.random([36])],
      removesSomething: false)
  }

  /// Without bias and mask it is Attention of ONNX.
  @Test func isTheOperatorOfONNX() throws {
    var rng = SplitMix64(seed: 4)
    let packed = [[2, 3, 8], [2, 5, 8], [2, 5, 12]].map { Tensor.random($0, using: &rng) }
    let bias = Tensor.random([28], using: &rng)
    let options: [String: Attribute.Value] = ["q_num_heads": .int(2), "kv_num_heads": .int(2)]
    let wanted = try results("Attention", opset: 23, outputs: 3, options, packed[0], packed[1], packed[2])
    #expect(try contributed("MultiHeadAttention", outputs: 3, Self.heads, packed) == wanted)
    let summands = try [(0, 8), (8, 16), (16, 28)].map {
      try result("Slice", bias, Tensor.integers($0.0), Tensor.integers($0.1))
    }
    let sums = try zip(packed, summands).map { try result("Add", $0, $1) }
    let biased = try result("Attention", opset: 23, options, sums[0], sums[1], sums[2])
    #expect(try contributed("MultiHeadAttention", Self.heads, packed + [bias]) == [biased])
  }

  @Test func masksAddTheFilter() throws {
    let q = Tensor(shape: [1, 2, 4], repeating: Float(0)), k = Tensor(shape: [1, 2, 4], repeating: Float(1))
    let v = Tensor(shape: [1, 2, 4], [0, 0, 0, 0, 1, 1, 1, 1] as [Float])
    let mask = Tensor(shape: [1, 2], [1, 0] as [Int32]), length = Tensor(shape: [1], [1 as Int32])
    for mask in [mask, length] {
      let found = try contributed(
        "MultiHeadAttention", ["num_heads": .int(2), "mask_filter_value": .float(-1)], [q, k, v, nil, mask])
      #expect(found[0].floats.allSatisfy { abs($0 - 0.26894143) < 1e-6 })
      #expect(try contributed("MultiHeadAttention", Self.heads, [q, k, v, nil, mask])[0].floats.allSatisfy { $0 == 0 })
    }
  }

  @Test func refusesWhatDoesNotFit() {
    let q = Tensor.counting([2, 3, 8]), k = Tensor.counting([2, 5, 8]), name = "MultiHeadAttention"
    let past = Tensor.counting([2, 2, 1, 4]), mask = Tensor.counting([2, 5])
    refuses(.malformedModel, name, [q, k, k])
    refuses(.malformedModel, name, ["num_heads": .int(3)], [q, k, k])
    refuses(.malformedModel, name, Self.heads, [q, k, .counting([2, 4, 8])])
    refuses(.malformedModel, name, Self.heads, [q, k, k, .counting([23])])
    refuses(.malformedModel, name, Self.heads, [q, k, k, nil, Tensor.integers(1, 2, 3)])
    refuses(.malformedModel, name, Self.heads, [q, k, k, nil, nil, .counting([3, 5])])
    refuses(.malformedModel, name, outputs: 3, Self.heads, [q, k, k, nil, nil, nil, past])
    refuses(.malformedModel, name, Self.heads, [q, k, Tensor.integers(1)])
    refuses(.unsupportedOperator, name, Self.heads, [.counting([2, 3, 2, 3, 4])])
    refuses(.unsupportedOperator, name, Self.heads, [q, k, k, nil, nil, nil, past, past])
    refuses(.unsupportedOperator, name, Self.heads, [q, k, k, nil, Tensor.counting([8])])
    refuses(.unsupportedOperator, name, Self.heads, [q, k, k, nil, mask])
    refuses(.unsupportedOperator, name, ["num_heads": .int(2), "unidirectional": .int(1)], [q, k, k])
    refuses(.unsupportedOperator, name, Self.heads, [q, k, k, nil, nil, nil, past, past, Tensor.integers(1)])
  }
}
