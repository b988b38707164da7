import ShrinkGraph

extension Tensor {
  /// A float32 tensor with elements drawn evenly from `range`.
  package static func random(
    _ shape: [Int], in range: ClosedRange<Float> = -1...1, using rng: inout SplitMix64
  ) -> Tensor {
    Tensor(shape: shape, (0..<Tensor.count(shape)).map { _ in Float.random(in: range, using: &rng) })
  }
}
