import ShrinkGraph

/// Leaves out initial states of recurrent layers that are zero whatever comes: a state that is left out is zero.
///
/// Exporters write them out with the width of the layer, which nothing could then change.
package struct DropZeroStates: Pass {
  package static let name = "DropZeroStates"
  package static let summary = "leave out initial states that are zero"

  /// Makes the pass.
  package init() {}

  /// Slots of initial states.
  private static let states = ["LSTM": 5...6, "GRU": 5...5, "RNN": 5...5]

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let zeros = try Self.zeros(graph)
    var hasChanged = false
    for n in graph.nodes.indices {
      let id = NodeID(n)
      guard graph[id].domain.isEmpty, let slots = Self.states[graph[id].opType] else { continue }
      for slot in slots where slot < graph[id].inputs.count {
        guard let state = graph[id].inputs[slot], zeros.contains(state) else { continue }
        graph[id].inputs[slot] = nil
        hasChanged = true
      }
      while graph[id].inputs.count > 3, graph[id].inputs.last == .some(nil) { graph[id].inputs.removeLast() }
    }
    return hasChanged
  }

  /// Values that hold nothing but zeros, for inputs of every size.
  private static func zeros(_ graph: Graph) throws(ShrinkError) -> Set<ValueID> {
    var zeros = Set<ValueID>()
    for id in try graph.topologicalOrder() {
      let node = graph[id]
      guard node.domain.isEmpty, let result = node.outputs.first ?? nil else { continue }
      let stays =
        switch node.opType {
        case "ConstantOfShape": isFilledWithZeros(node)
        case "Concat": node.inputs.allSatisfy { $0.map(zeros.contains) ?? false }
        case "Expand", "Slice", "Gather", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Tile", "Identity":
          (node.inputs.first ?? nil).map { zeros.contains($0) || isZero(graph[$0].constant) } ?? false
        default: false
        }
      if stays { zeros.insert(result) }
    }
    return zeros
  }

  private static func isZero(_ tensor: Tensor?) -> Bool {
    guard let tensor, tensor.dtype == .float32 else { return false }
    return tensor.withElements(Float.self) { $0.allSatisfy { $0 == 0 } }
  }

  private static func isFilledWithZeros(_ node: Node) -> Bool {
    guard let attribute = node.attributes.first(where: { $0.name == "value" }) else { return true }
    guard case .tensor(let value) = attribute.value else { return false }
    return isZero(value)
  }
}
