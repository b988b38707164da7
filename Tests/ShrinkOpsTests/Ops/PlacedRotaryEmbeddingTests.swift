import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct PlacedRotaryEmbeddingTests {
  @Test func obeysTheLaws() throws {
    let places = Tensor(shape: [2, 5], (0..<10).map { Int64($0 * 7 % 9) })
    for interleaved in [0, 1] as [Int64] {
      for positions in [places, Tensor.integers(2)] {
        for shape in [[2, 3, 5, 8], [2, 5, 24]] {
          try checkLaws(
            "RotaryEmbedding", domain: "com.microsoft", opset: 1, ["interleaved": .int(interleaved)],
            operands: [.random(shape), .tensor(positions), .random([9, 4]), .random([9, 4])], constants: [1, 2, 3])
        }
        for half in [2, 4] {
          try checkLaws(
            "RotaryEmbedding", domain: "com.microsoft", opset: 1,
            ["interleaved": .int(interleaved), "num_heads": .int(3), "rotary_embedding_dim": .int(Int64(2 * half))],
            operands: [.random([2, 5, 24]), .tensor(positions), .random([9, half]), .random([9, half])],
            constants: [1, 2, 3])
        }
      }
    }
  }

  @Test func isTheOperatorOfONNX() throws {
    var rng = SplitMix64(seed: 4)
    let caches = (0..<2).map { _ in Tensor.random([9, 4], using: &rng) }
    let x = Tensor.random([2, 5, 24], using: &rng)
    let places = Tensor(shape: [2, 5], (0..<10).map { Int64($0 % 5 + 3) })
    let wanted = try result("RotaryEmbedding", opset: 23, ["num_heads": .int(3)], x, caches[0], caches[1], places)
    #expect(try contributed("RotaryEmbedding", [x, places] + caches) == [wanted])
    #expect(try contributed("RotaryEmbedding", [x, Tensor.integers(3)] + caches) == [wanted])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 5, 24]), cache = Tensor.counting([9, 4])
    let operands = [x, Tensor.integers(0), cache, cache]
    refuses(.unsupportedOperator, "RotaryEmbedding", ["scale": .float(2)], operands)
    refuses(.unsupportedOperator, "RotaryEmbedding", ["is_packed_batching": .int(1)], operands)
    refuses(.malformedModel, "RotaryEmbedding", ["rotary_embedding_dim": .int(4)], operands)
    refuses(.malformedModel, "RotaryEmbedding", [x, Tensor.integers(0, 1), cache, cache])
    refuses(.malformedModel, "RotaryEmbedding", [x, Tensor.integers(0), .counting([9, 5]), .counting([9, 5])])
    refuses(.badData, "RotaryEmbedding", [x, Tensor.integers(7), cache, cache])
    refuses(.badData, "RotaryEmbedding", [x, Tensor.integers(.max), cache, cache])
  }
}
