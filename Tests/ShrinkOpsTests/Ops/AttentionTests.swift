import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct AttentionTests {
  @Test func obeysTheLaws() throws {
    for outputs in 1...4 {
      for mode in 0...3 {
        try checkLaws(
          "Attention", opset: 24, outputs: outputs, ["qk_matmul_output_mode": .int(Int64(mode)), "is_causal": .int(1)],
          operands: [
            .random([2, 4, 3, 5]), .random([2, 2, 4, 5]), .random([2, 2, 4, 6]), .random([3, 6]),
            .random([2, 2, 2, 5]),
            .random([2, 2, 2, 6]),
          ])
      }
    }
  }

  /// Heads of queries and keys, as many, fewer or one; masks that repeat over heads or samples, or do not.
  @Test(arguments: [(4, 4), (6, 3), (6, 2), (4, 1), (1, 1)], [false, true])
  func obeysTheLawsOfHeads(_ heads: (queries: Int, keys: Int), _ isPacked: Bool) throws {
    let (q, k) = (heads.queries, heads.keys)
    let shapes = [[2, q, 3, 5], [2, k, 4, 5], [2, k, 4, 6]]
    let packed = shapes.map { [$0[0], $0[2], $0[1] * $0[3]] }
    let numbers: [String: Attribute.Value] = ["q_num_heads": .int(Int64(q)), "kv_num_heads": .int(Int64(k))]
    for mask in [nil, [3, 4], [q, 3, 4], [2, 1, 3, 4], [1, q, 1, 4], [2, q, 3, 3]] {
      for scale in [[:], ["scale": .float(0.3)]] as [[String: Attribute.Value]] {
        try checkLaws(
          "Attention", opset: 23, isPacked ? numbers.merging(scale) { $1 } : scale,
          operands: (isPacked ? packed : shapes).map { .random($0) } + (mask.map { [.random($0)] } ?? []), seed: 3)
      }
    }
    let lengths = Tensor(shape: [2], [4, 2] as [Int64])
    try checkLaws(
      "Attention", opset: 24, isPacked ? numbers : [:],
      operands: (isPacked ? packed : shapes).map { .random($0) } + [.absent, .absent, .absent, .tensor(lengths)])
  }

  /// Equal scores: the result is the mean of the values that a query sees.
  @Test func meansWhatItSees() throws {
    let q = Tensor(shape: [1, 1, 3, 2], repeating: Float(0)), k = Tensor(shape: [1, 1, 4, 2], repeating: Float(1))
    let v = Tensor(shape: [1, 1, 4, 1], [1, 2, 4, 8] as [Float])
    let run = { (attributes: [String: Attribute.Value], mask: Tensor?, lengths: Tensor?) in
      try result("Attention", opset: 25, attributes, q, k, v, mask, nil, nil, lengths).floats.map {
        ($0 * 1e4).rounded() / 1e4
      }
    }
    #expect(try run([:], nil, nil) == [3.75, 3.75, 3.75])
    #expect(try run(["is_causal": .int(1)], nil, nil) == [1, 1.5, 2.3333])
    #expect(try run([:], Tensor(shape: [4], [true, false, false, true]), nil) == [4.5, 4.5, 4.5])
    #expect(try run([:], Tensor(shape: [2], [true, true]), nil) == [1.5, 1.5, 1.5])
    #expect(try run([:], Tensor(shape: [1, 1], [false]), nil) == [0, 0, 0])
    #expect(try run([:], nil, Tensor(shape: [1], [2 as Int64])) == [1.5, 1.5, 1.5])
    #expect(try run(["is_causal": .int(1)], nil, Tensor(shape: [1], [4 as Int64])) == [1.5, 2.3333, 3.75])
    #expect(try run(["left_window_size": .int(0), "right_window_size": .int(1)], nil, nil) == [1.5, 3, 6])
  }

  @Test func keepsThePast() throws {
    let x = Tensor.counting([1, 1, 1, 2]), past = Tensor(shape: [1, 1, 1, 2], [7, 8] as [Float])
    let found = try results("Attention", opset: 23, outputs: 4, x, x, x, nil, past, past)
    #expect(found[1] == Tensor(shape: [1, 1, 2, 2], [7, 8, 0, 1] as [Float]))
    #expect(found[2] == found[1])
    #expect(
      found[3].difference(from: Tensor(shape: [1, 1, 1, 2], [8, 1].map { $0 * Float(0.5).squareRoot() })) == nil)
  }

  @Test func readsPackedHeadsAsSplitOnes() throws {
    var rng = SplitMix64(seed: 3)
    let split = [[2, 4, 3, 5], [2, 2, 7, 5], [2, 2, 7, 6]].map { Tensor.random($0, using: &rng) }
    let packed = try split.map { x in
      let moved = try result("Transpose", ["perm": .ints([0, 2, 1, 3])], x)
      return moved.reshaped([x.shape[0], x.shape[2], x.shape[1] * x.shape[3]])
    }
    let y = try result("Attention", opset: 23, split[0], split[1], split[2])
    let heads: [String: Attribute.Value] = ["q_num_heads": .int(4), "kv_num_heads": .int(2)]
    let z = try result("Attention", opset: 23, heads, packed[0], packed[1], packed[2])
    let wanted = try result("Transpose", ["perm": .ints([0, 2, 1, 3])], y).reshaped([2, 3, 24])
    #expect(z.difference(from: wanted) == nil)
  }

  @Test func refusesWhatDoesNotFit() {
    let q = Tensor.counting([1, 4, 3, 5]), k = Tensor.counting([1, 2, 4, 5])
    let refuses = { (attributes: [String: Attribute.Value], operands: [Tensor?]) -> Void in
      #expect(throws: OperatorError.self) { try NodeCase("Attention", opset: 24, attributes, operands: operands).run() }
    }
    refuses([:], [q, .counting([1, 3, 4, 5]), .counting([1, 3, 4, 5])])
    refuses([:], [q, .counting([1, 2, 4, 6]), k])
    refuses([:], [q, k, .counting([1, 2, 3, 5])])
    refuses([:], [q, k, k, .counting([2, 4])])
    refuses([:], [q, k, k, .counting([3, 5])])
    refuses([:], [q, k, k, nil, k])
    refuses([:], [q, k, k, nil, k, .counting([1, 2, 3, 5])])
    refuses([:], [q, k, k, nil, nil, nil, Tensor(shape: [1], [5 as Int64])])
    refuses([:], [.counting([1, 3, 20]), .counting([1, 4, 10]), .counting([1, 4, 10])])
    refuses(["q_num_heads": .int(0), "kv_num_heads": .int(2)], [.counting([1, 3, 20]), k, k])
    refuses(["qk_matmul_output_mode": .int(4)], [q, k, k])
    refuses(["left_window_size": .int(-2)], [q, k, k])
    refuses([:], [Tensor.integers(1), k, k])
  }
}
