extension Graph {
  /// Adds a value under a name that no other value has: `base`, or `base` with the first free number behind it.
  package mutating func addValue(
    named base: String, type: DeclaredType? = nil, constant: Tensor? = nil
  ) -> ValueID {
    let taken = Set(values.lazy.map(\.name)).union(nodes.lazy.flatMap(\.captures))
    var name = base
    var number = 1
    while taken.contains(name) {
      name = "\(base)_\(number)"
      number += 1
    }
    values.append(Value(name, type: type, constant: constant))
    return ValueID(values.count - 1)
  }

  /// Adds a constant; one of the same name over the same bytes is there already.
  package mutating func include(_ constant: Value) -> ValueID {
    if let same = values.firstIndex(where: { $0.name == constant.name }),
      let (a, b) = values[same].constant.flatMap({ a in constant.constant.map { (a, $0) } }),
      a.storage === b.storage && a.offset == b.offset && a.shape == b.shape && a.dtype == b.dtype
    {
      return ValueID(same)
    }
    let id = addValue(named: constant.name, constant: constant.constant)
    values[id.index].constantForm = constant.constantForm
    values[id.index].constantCarry = constant.constantCarry
    return id
  }

  /// Adds the values of another graph, whose only output becomes `result` where one is given, and returns its nodes in
  /// terms of this graph.
  package mutating func include(_ other: Graph, as result: ValueID? = nil) -> (nodes: [Node], result: ValueID?) {
    var renumbered: [ValueID] = []
    for (v, value) in other.values.enumerated() {
      if let result, other.outputs.contains(ValueID(v)) {
        renumbered.append(result)
      } else {
        renumbered.append(value.constant == nil ? addValue(named: value.name) : include(value))
      }
    }
    let nodes = other.nodes.map { node in
      var own = node
      own.inputs = node.inputs.map { $0.map { renumbered[$0.index] } }
      own.outputs = node.outputs.map { $0.map { renumbered[$0.index] } }
      return own
    }
    return (nodes, other.outputs.first.map { renumbered[$0.index] })
  }

  /// Lets every node that reads `old` read `new` instead.
  ///
  /// Outputs and subgraphs keep the old value.
  package mutating func replaceUses(of old: ValueID, by new: ValueID) {
    for n in nodes.indices {
      for slot in nodes[n].inputs.indices where nodes[n].inputs[slot] == old { nodes[n].inputs[slot] = new }
    }
  }

  /// Removes nodes and then every value that nothing names any more.
  package mutating func removeNodes(_ gone: Set<NodeID>) {
    nodes = nodes.indices.filter { !gone.contains(NodeID($0)) }.map { nodes[$0] }
    dropUnnamedValues()
  }

  /// Removes every value that no node, input, output or subgraph names, and renumbers the others.
  package mutating func dropUnnamedValues() {
    var named = Set(inputs).union(outputs).union(captured())
    for node in nodes { named.formUnion((node.inputs + node.outputs).compactMap(\.self)) }
    guard named.count < values.count else { return }
    var renumbered = [ValueID?](repeating: nil, count: values.count)
    var kept: [Value] = []
    for i in values.indices where named.contains(ValueID(i)) {
      renumbered[i] = ValueID(kept.count)
      kept.append(values[i])
    }
    values = kept
    inputs = inputs.compactMap { renumbered[$0.index] }
    outputs = outputs.compactMap { renumbered[$0.index] }
    for n in nodes.indices {
      nodes[n].inputs = nodes[n].inputs.map { $0.flatMap { renumbered[$0.index] } }
      nodes[n].outputs = nodes[n].outputs.map { $0.flatMap { renumbered[$0.index] } }
    }
  }

  /// Nodes in the order of `topologicalOrder`.
  package mutating func sortNodes() throws(ShrinkError) {
    nodes = try topologicalOrder().map { self[$0] }
  }
}
