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

  /// A Split of an axis into parts of given lengths, in the form that the opset asks for; it is not put into the graph.
  ///
  /// `nodes` is as with `addOwnConstant`.
  mutating func makeSplit(
    _ value: ValueID, axis: Int, lengths: [Int], into parts: [ValueID], nodes: inout [Node]
  ) -> Node {
    let numbers = lengths.map(Int64.init)
    var node = Node("Split", inputs: [value], outputs: parts, attributes: [Attribute("axis", .int(Int64(axis)))])
    if opset < 13 {
      node.attributes.append(Attribute("split", .ints(numbers)))
    } else {
      let list = Tensor(shape: [numbers.count], numbers)
      node.inputs.append(addOwnConstant(named: self[value].name + "_lengths", list, nodes: &nodes))
    }
    return node
  }
}
