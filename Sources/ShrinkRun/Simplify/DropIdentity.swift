import ShrinkGraph

/// Removes nodes that copy their operand: Identity, and Dropout as it is in use (CLI data are never training data).
///
/// A result that is a graph output or that a subgraph reads keeps its name: its operand's producer computes it instead;
/// where that cannot be, because the operand is an input, a constant or itself such a name, the node stays.
package struct DropIdentity: Pass {
  package static let name = "DropIdentity"
  package static let summary = "remove nodes that copy their operand"

  /// Makes the pass.
  package init() {}

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let fixed = Set(graph.outputs).union(graph.captured())
    var producers = graph.producers()
    var gone = Set<NodeID>()
    for id in try graph.topologicalOrder() {
      guard let (from, to) = Self.copy(graph[id], in: graph) else { continue }
      if !fixed.contains(to) {
        graph.replaceUses(of: to, by: from)
      } else {
        guard !fixed.contains(from), graph[from].constant == nil, let producer = producers[from.index],
          let slot = graph[producer].outputs.firstIndex(of: from)
        else { continue }
        graph[producer].outputs[slot] = to
        producers[to.index] = producer
        graph.replaceUses(of: from, by: to)
      }
      gone.insert(id)
    }
    graph.removeNodes(gone)
    return !gone.isEmpty
  }

  /// Operand and result of a node that copies; nil for any other node.
  private static func copy(_ node: Node, in graph: Graph) -> (from: ValueID, to: ValueID)? {
    guard node.domain.isEmpty, let from = node.inputs.first ?? nil, let to = node.outputs.first ?? nil else {
      return nil
    }
    switch node.opType {
    case "Identity": return (from, to)
    case "Dropout": return isInferenceDropout(node, in: graph) ? (from, to) : nil
    default: return nil
    }
  }

  /// Dropout copies unless its third operand (since opset 12) may say that this is training; its mask must be unread.
  private static func isInferenceDropout(_ node: Node, in graph: Graph) -> Bool {
    if (graph.opsets[""] ?? 1) < 7 { return false }
    if node.inputs.count > 2, let mode = node.inputs[2] {
      guard let flag = graph[mode].constant, flag.dtype == .bool, flag.integers == [0] else { return false }
    }
    guard node.outputs.count > 1, let mask = node.outputs[1] else { return true }
    let isRead = graph.nodes.contains { $0.inputs.contains(mask) || $0.captures.contains(graph[mask].name) }
    return !isRead && !graph.outputs.contains(mask)
  }
}
