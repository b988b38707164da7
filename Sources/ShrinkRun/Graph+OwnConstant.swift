import ShrinkGraph

extension Graph {
  /// Whether a constant may stand in the list of initialisers without being an input, which old files do not know.
  ///
  /// Where none does, new constants become nodes.
  private var hasPlainInitializers: Bool {
    let listed = Set(inputs)
    return values.indices.contains {
      values[$0].constant != nil && values[$0].constantForm != .constantNode && !listed.contains(ValueID($0))
    }
  }

  /// Adds a constant that the file does not have yet; a node that holds it, where there must be one, is put into `nodes`
  /// and belongs in front of the others.
  mutating func addOwnConstant(named name: String, _ tensor: Tensor, nodes: inout [Node]) -> ValueID {
    let isNode = !hasPlainInitializers
    let id = addValue(named: name, constant: tensor)
    if isNode {
      self[id].constantForm = .constantNode
      nodes.append(Node("Constant", inputs: [], outputs: [id]))
    }
    return id
  }
}
