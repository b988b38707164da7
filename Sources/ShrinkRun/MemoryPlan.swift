import ShrinkGraph

/// Which values live until when, from the order of the steps alone.
package struct MemoryPlan: Sendable {
  /// For each step, the values that nobody reads any more after it.
  ///
  /// Constants and wanted values are never among them.
  package let releases: [[ValueID]]
  private let fed: [ValueID]
  private let results: [[ValueID]]

  /// Plans the steps of a graph; `wanted` values live to the end.
  package init(_ graph: Graph, steps: [NodeID], wanted: [ValueID]) {
    let captureIndex = graph.captureIndex()
    var lastUse: [ValueID: Int] = [:]
    results = steps.map { graph[$0].outputs.compactMap(\.self) }
    for (position, step) in steps.enumerated() {
      let read = graph.operands(of: graph[step], captureIndex).compactMap(\.self)
      for value in read + results[position] { lastUse[value] = position }
    }
    let kept = Set(wanted)
    var releases = [[ValueID]](repeating: [], count: steps.count)
    for (value, position) in lastUse where !kept.contains(value) && graph[value].constant == nil {
      releases[position].append(value)
    }
    self.releases = releases.map { $0.sorted() }
    fed = graph.realInputs.filter { lastUse[$0] != nil || kept.contains($0) }
  }

  /// The largest number of bytes of inputs and results alive at once, constants aside; nil where a type is not known.
  package func peakBytes(types: [TensorType?]) -> Int? {
    func bytes(_ ids: [ValueID]) -> Int? {
      var sum = 0
      for id in ids {
        guard let type = types[id.index], let count = Tensor.checkedCount(type.shape),
          let size = type.dtype.byteCount(count)
        else { return nil }
        let (total, overflow) = sum.addingReportingOverflow(size)
        guard !overflow else { return nil }
        sum = total
      }
      return sum
    }
    guard var alive = bytes(fed) else { return nil }
    var peak = alive
    for (made, gone) in zip(results, releases) {
      guard let more = bytes(made), let less = bytes(gone) else { return nil }
      let (sum, overflow) = alive.addingReportingOverflow(more)
      guard !overflow else { return nil }
      peak = max(peak, sum)
      alive = sum - less
    }
    return peak
  }
}
