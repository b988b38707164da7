import ShrinkGraph

/// Where samples come from: batches of the model's inputs, by name.
package struct SampleSource: Sendable {
  /// Reads the inputs for some samples, stacked on the batch axis.
  package let read: @Sendable ([Int]) throws(ShrinkError) -> [String: Tensor]
  /// Most samples in one run; 1 for a model with a fixed batch of 1.
  package let batch: Int

  /// Wraps a reader.
  package init(batch: Int, read: @escaping @Sendable ([Int]) throws(ShrinkError) -> [String: Tensor]) {
    self.batch = max(batch, 1)
    self.read = read
  }

  /// Cuts a list of samples into runs.
  package func runs(_ samples: [Int]) -> [[Int]] {
    stride(from: 0, to: samples.count, by: batch).map { Array(samples[$0..<min($0 + batch, samples.count)]) }
  }

  /// Inputs of a run, by value.
  package func feeds(_ run: [Int], of graph: Graph) throws(ShrinkError) -> [ValueID: Tensor] {
    let named = try read(run)
    var feeds: [ValueID: Tensor] = [:]
    for input in graph.realInputs { feeds[input] = named[graph[input].name] }
    return feeds
  }

  /// The same samples pushed outwards, each away from the one before it in its run, by up to `reach` of their distance.
  ///
  /// A unit that is silent, or always on, on the samples by chance will mostly not be so here; one that is so by its
  /// weights stays so. Inputs that are no floats stay as they are.
  func extrapolated(reach: Float, seed: UInt64) -> SampleSource {
    SampleSource(batch: batch) { [read] (run) throws(ShrinkError) in
      try read(run).mapValues { Self.extrapolated($0, reach: reach, seed: seed &+ UInt64(run.first ?? 0)) }
    }
  }

  private static func extrapolated(_ tensor: Tensor, reach: Float, seed: UInt64) -> Tensor {
    guard tensor.dtype == .float32, let samples = tensor.shape.first, samples > 1 else { return tensor }
    let width = tensor.count / samples
    var rng = SplitMix64(seed: seed)
    return tensor.withElements(Float.self) { x in
      Tensor(shape: tensor.shape, Float.self) { out in
        for s in 0..<samples {
          let away = Float.random(in: -0.5...reach, using: &rng)
          let other = (s + samples - 1) % samples
          for i in 0..<width {
            out[s * width + i] = x[s * width + i] + away * (x[s * width + i] - x[other * width + i])
          }
        }
      }
    }
  }
}
