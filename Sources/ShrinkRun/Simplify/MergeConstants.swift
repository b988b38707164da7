import Foundation
import ShrinkGraph

/// Makes one of constants that are equal: same type, shape and bytes.
///
/// Those that inputs list, that outputs show and that subgraphs read by name are the ones that stay.
package struct MergeConstants: Pass {
  package static let name = "MergeConstants"
  package static let summary = "make one of constants that are equal"

  /// Makes the pass.
  package init() {}

  private struct Kind: Hashable {
    let dtype: DType
    let shape: [Int]
  }

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let fixed = graph.captured().union(graph.outputs).union(graph.inputs)
    let producers = graph.producers()
    let values = graph.values.indices.map { ValueID($0) }
    var kinds: [Kind: [ValueID]] = [:]
    var instead: [ValueID: ValueID] = [:]
    var gone = Set<NodeID>()
    for value in values.filter(fixed.contains) + values.filter({ !fixed.contains($0) }) {
      guard let constant = graph[value].constant, constant.dtype.bits > 0,
        graph[value].constantForm != .sparseInitializer
      else { continue }
      let kind = Kind(dtype: constant.dtype, shape: constant.shape)
      if !fixed.contains(value),
        let same = kinds[kind]?.first(where: { graph[$0].constant?.hasSameBytes(as: constant) ?? false })
      {
        instead[value] = same
        if let producer = producers[value.index] { gone.insert(producer) }
      } else {
        kinds[kind, default: []].append(value)
      }
    }
    guard !instead.isEmpty else { return false }
    for n in graph.nodes.indices {
      graph.nodes[n].inputs = graph.nodes[n].inputs.map { $0.map { instead[$0] ?? $0 } }
    }
    graph.removeNodes(gone)
    return true
  }
}

extension Tensor {
  fileprivate func hasSameBytes(as other: Tensor) -> Bool {
    withBytes { a in
      other.withBytes { b in
        guard a.count == b.count else { return false }
        guard let first = a.baseAddress, let second = b.baseAddress else { return true }
        return memcmp(first, second, a.count) == 0
      }
    }
  }
}
