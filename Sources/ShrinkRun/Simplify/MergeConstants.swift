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
    var early = Set<NodeID>()
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
        if let stays = producers[same.index] { early.insert(stays) }
      } else {
        kinds[kind, default: []].append(value)
      }
    }
    guard !instead.isEmpty else { return false }
    for n in graph.nodes.indices {
      graph.nodes[n].inputs = graph.nodes[n].inputs.map { $0.map { instead[$0] ?? $0 } }
    }
    graph.nodes = Self.reordered(graph, early: early, gone: gone)
    graph.dropUnnamedValues()
    return true
  }

  /// The nodes without those that are gone; a Constant stands in front of all where it is read before its place.
  private static func reordered(_ graph: Graph, early: Set<NodeID>, gone: Set<NodeID>) -> [Node] {
    var missing = Set(early.flatMap { graph[$0].outputs.compactMap(\.self) })
    var first: [Node] = []
    var read = Set<ValueID>()
    for id in graph.nodes.indices.map({ NodeID($0) }) where !gone.contains(id) {
      let node = graph[id]
      if early.contains(id), !read.isDisjoint(with: node.outputs.compactMap(\.self)) { first.append(node) }
      missing.subtract(node.outputs.compactMap(\.self))
      read.formUnion(node.inputs.compactMap(\.self).filter(missing.contains))
    }
    let moved = Set(first.flatMap { $0.outputs.compactMap(\.self) })
    let rest = graph.nodes.indices.filter { n in
      !gone.contains(NodeID(n)) && moved.isDisjoint(with: graph.nodes[n].outputs.compactMap(\.self))
    }
    return first + rest.map { graph.nodes[$0] }
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
