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
}
