import ShrinkGraph

/// Reads an operand of a Concat directly where a Gather picks one slice that lies in it.
///
/// Exporters stack the last states of all layers of a recurrent network and pick that of the last one, which would tie the
/// units of all layers to each other.
package struct PickOperands: Pass {
  package static let name = "PickOperands"
  package static let summary = "read the operand of a Concat that a Gather picks from"

  /// Makes the pass.
  package init() {}

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let producers = graph.producers()
    var hasChanged = false
    for n in graph.nodes.indices {
      let id = NodeID(n)
      guard let picked = Self.picked(graph[id], in: graph, producers) else { continue }
      let index = Tensor(shape: graph[picked.indices].constant?.shape ?? [], [picked.index])
      graph[id].inputs = [
        picked.operand, graph.addValue(named: graph[picked.indices].name + "_picked", constant: index),
      ]
      hasChanged = true
    }
    return hasChanged
  }

  /// The operand that a Gather of a single index reads, and the index within it.
  private static func picked(
    _ node: Node, in graph: Graph, _ producers: [NodeID?]
  ) -> (operand: ValueID, indices: ValueID, index: Int64)? {
    guard node.domain.isEmpty, node.opType == "Gather", node.inputs.count == 2, let from = node.inputs[0],
      let indices = node.inputs[1], let list = graph[indices].constant?.integers, list.count == 1,
      let producer = producers[from.index], graph[producer].domain.isEmpty, graph[producer].opType == "Concat",
      case let axis = node.axis ?? 0, axis >= 0, graph[producer].axis == axis
    else { return nil }
    let operands = graph[producer].inputs.compactMap(\.self)
    let sizes = operands.map { size($0, axis, in: graph, producers) }
    guard operands.count == graph[producer].inputs.count else { return nil }
    // Counted from the side that the index is counted from, so that sizes beyond it need not be known.
    var rest = list[0]
    if rest >= 0 {
      for (operand, size) in zip(operands, sizes) {
        guard let size else { return nil }
        if rest < size { return (operand, indices, Int64(rest)) }
        rest -= size
      }
    } else {
      for (operand, size) in zip(operands, sizes).reversed() {
        guard let size else { return nil }
        if -rest <= size { return (operand, indices, Int64(rest)) }
        rest += size
      }
    }
    return nil
  }

  /// Size of an axis where it follows from what is stored: of constants, and directions of recurrent layers.
  private static func size(_ value: ValueID, _ axis: Int, in graph: Graph, _ producers: [NodeID?]) -> Int? {
    if let constant = graph[value].constant { return axis < constant.rank ? constant.shape[axis] : nil }
    guard let producer = producers[value.index] else { return nil }
    let node = graph[producer]
    guard node.domain.isEmpty, ["LSTM", "GRU", "RNN"].contains(node.opType), node.inputs.count > 1,
      let weights = node.inputs[1].flatMap({ graph[$0].constant }), weights.rank == 3,
      let slot = node.outputs.firstIndex(of: value),
      !node.attributes.contains(where: { $0.name == "layout" }), axis == (slot == 0 ? 1 : 0)
    else { return nil }
    return weights.shape[0]
  }
}

extension Node {
  /// The attribute `axis`; nil where there is none.
  fileprivate var axis: Int? {
    guard let attribute = attributes.first(where: { $0.name == "axis" }), case .int(let axis) = attribute.value else {
      return nil
    }
    return Int(axis)
  }
}
