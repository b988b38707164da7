import ShrinkGraph

/// Removes nodes and values that no output needs.
///
/// Inputs, outputs and what living subgraphs read stay.
package struct DropDead: Pass {
  package static let name = "DropDead"
  package static let summary = "remove nodes and values that no output needs"

  /// Makes the pass.
  package init() {}

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let index = graph.captureIndex()
    var alive = Set(graph.outputs)
    var dead = Set<NodeID>()
    for id in try graph.topologicalOrder().reversed() {
      let node = graph[id]
      guard node.outputs.contains(where: { $0.map(alive.contains) ?? false }) else {
        dead.insert(id)
        continue
      }
      alive.formUnion(graph.operands(of: node, index).compactMap(\.self))
    }
    let values = graph.values.count
    graph.removeNodes(dead)
    return !dead.isEmpty || graph.values.count < values
  }
}
