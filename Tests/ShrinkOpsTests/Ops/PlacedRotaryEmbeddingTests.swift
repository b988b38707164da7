import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct PlacedRotaryEmbeddingTests {
  @Test func obeysTheLaws() throws {
    for interleaved in [0, 1] {
      try checkLaws(
        "RotaryEmbedding", domain: "com.microsoft", opset: 1, ["interleaved": .int(Int64(interleaved))],
        operands: [
          .random([2, 3, 5, 8]), .tensor(Tensor(shape: [2, 5], (0..<10).map { Int64($0 * 7 % 9) })), .random([9, 4]),
          .random([9, 4]),
        ], constants: [1, 2, 3])
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
