import ShrinkGraph
import ShrinkOps

/// Cuts removed units out of a graph: every axis of every tensor of a group shrinks, and every size that a node holds
/// is edited by the node's own rule.
///
/// No operator has a prune function.
package struct Rewrite: Sendable {
  private let graph: Graph
  private let types: [TensorType?]
  private let coupled: Coupled
  /// Axes of each value that belong to a group.
  private let axesOfValue: [ValueID: [(axis: Int, group: Int, units: [Int32])]]

  /// Prepares to cut `graph`, coupled for `types`.
  package init(_ graph: Graph, types: [TensorType?], coupled: Coupled) {
    self.graph = graph
    self.types = types
    self.coupled = coupled
    var axes: [ValueID: [(axis: Int, group: Int, units: [Int32])]] = [:]
    for (g, group) in coupled.groups.enumerated() {
      for entry in group.axes { axes[entry.axis.value, default: []].append((entry.axis.axis, g, entry.units)) }
    }
    axesOfValue = axes
  }

  /// Indices of an axis that stay; nil when all do.
  package func kept(_ axis: ValueAxis, _ removal: Removal) -> [Int]? {
    let entries = (axesOfValue[axis.value] ?? []).filter { $0.axis == axis.axis }
    guard let size = types[axis.value.index]?.shape[axis.axis], !entries.isEmpty else { return nil }
    let kept = (0..<size).filter { i in
      entries.allSatisfy { $0.units[i] < 0 || !removal.removed[$0.group][Int($0.units[i])] }
    }
    return kept.count == size ? nil : kept
  }

  /// The size that an axis has afterwards.
  private func size(_ axis: ValueAxis, _ removal: Removal) -> Int {
    kept(axis, removal)?.count ?? types[axis.value.index]?.shape[axis.axis] ?? 0
  }

  /// The graph without the removed units; weights are cut, not re-fitted.
  ///
  /// Nodes keep their positions.
  package func apply(_ removal: Removal) -> Graph {
    var small = graph
    for value in axesOfValue.keys.sorted() { cut(value, removal, &small) }
    for n in graph.nodes.indices { resize(NodeID(n), removal, &small) }
    return small
  }

  private func cut(_ value: ValueID, _ removal: Removal, _ small: inout Graph) {
    for axis in types[value.index]?.shape.indices ?? 0..<0 {
      guard let kept = kept(ValueAxis(value, axis), removal) else { continue }
      if let constant = small[value].constant { small[value].constant = constant.keeping(kept, axis: axis) }
      if var dims = small[value].type?.dims, axis < dims.count, dims[axis].size != nil {
        dims[axis] = .known(kept.count)
        small[value].type?.dims = dims
      }
    }
  }

  private func resize(_ id: NodeID, _ removal: Removal, _ small: inout Graph) {
    let node = graph[id]
    let touched = (node.inputs + node.outputs).compactMap(\.self).contains { axesOfValue[$0] != nil }
    guard touched, !node.isConstant, let rule = try? OperatorTable.make(node, opset: graph.opsets[""] ?? 0) else {
      return
    }
    let operands = Operands(node.inputs.map { $0.flatMap { types[$0.index] } })
    let outputs = node.outputs.map { $0.flatMap { types[$0.index] } ?? TensorType(.float32, []) }
    var coupling = Coupling(inputs: operands, outputs: outputs)
    rule.couple(&coupling)
    let edits = rule.resize(coupling) { port in
      let slots = port.isOutput ? node.outputs : node.inputs
      guard port.slot < slots.count, let value = slots[port.slot] else { return 0 }
      return size(ValueAxis(value, port.axis), removal)
    }
    for edit in edits { apply(edit, id, &small) }
  }

  private func apply(_ edit: Resize, _ id: NodeID, _ small: inout Graph) {
    switch edit {
    case .attribute(let name, let value):
      if let at = small[id].attributes.firstIndex(where: { $0.name == name }) {
        small[id].attributes[at].value = value
      } else {
        small[id].attributes.append(Attribute(name, value))
      }
    case .operand(let slot, let tensor):
      guard let old = small[id].inputs[slot] else { return }
      // Other nodes may read the same constant: this one gets its own.
      if small.uses()[old.index].count == 1, small[old].constant != nil {
        small[old].constant = tensor
      } else {
        small[id].inputs[slot] = small.addValue(named: small[old].name + "_resized", constant: tensor)
      }
    }
  }
}
