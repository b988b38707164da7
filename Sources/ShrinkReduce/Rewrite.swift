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

  /// Indices of an axis that stay.
  private func left(_ axis: ValueAxis, _ removal: Removal) -> [Int] {
    kept(axis, removal) ?? Array(0..<(types[axis.value.index]?.shape[axis.axis] ?? 0))
  }

  /// The type that a value has afterwards.
  private func type(_ value: ValueID, _ removal: Removal, in small: Graph) -> TensorType? {
    if let constant = small[value].constant { return TensorType(constant: constant) }
    guard let type = types[value.index] else { return nil }
    return TensorType(type.dtype, type.shape.indices.map { left(ValueAxis(value, $0), removal).count })
  }

  /// A site as it stands in the graph that `apply` has made; nil when none of its outputs is left.
  package func cut(_ site: Site, _ removal: Removal, in small: Graph) -> Site? {
    let node = small[site.node]
    guard let rule = try? OperatorTable.make(node, opset: small.opset(of: node)) as? any LinearOperator else {
      return nil
    }
    let types = node.inputs.map { $0.flatMap { type($0, removal, in: small) } }
    let readings = rule.readings(Operands(types))
    guard let position = part(site, removal, of: readings.count), position < readings.count else { return nil }
    let units = [[UnitRef]](repeating: [], count: site.units.count { !removal.takes($0) })
    return Site(
      node: site.node, applications: site.applications, data: site.data, weight: site.weight, output: site.output,
      rule: rule, part: (position, readings.count), reading: readings[position], bias: site.bias, units: units,
      index: site.index)
  }

  /// Columns of the product that stay; nil when all do.
  package func keptOutputs(_ site: Site, _ removal: Removal) -> [Int]? {
    let first = site.reading.firstOutput
    if let output = site.output, let axis = site.reading.output?.axis {
      guard let all = kept(ValueAxis(output, axis), removal) else { return nil }
      return all.filter { $0 >= first && $0 < first + site.product.outputs }.map { $0 - first }
    }
    return keptByWeight(site, removal)
  }

  /// The same where no result shows the columns: the axes of the weight do.
  private func keptByWeight(_ site: Site, _ removal: Removal) -> [Int]? {
    guard let shape = types[site.weight.index]?.shape, let row = site.keptColumns(removal).first else { return nil }
    let kept = shape.indices.map { axis in Set(left(ValueAxis(site.weight, axis), removal)) }
    let (order, width) = (site.reading.matrixOrder(), site.product.outputs)
    let stays = (0..<width).filter { column in
      var rest = order[row * width + column]
      return shape.indices.reversed().allSatisfy { axis in
        defer { rest /= shape[axis] }
        return kept[axis].contains(rest % shape[axis])
      }
    }
    return stays.count == width ? nil : stays
  }

  /// The position of a linear map among those that are left.
  private func part(_ site: Site, _ removal: Removal, of count: Int) -> Int? {
    guard site.part.count != count else { return site.part.position }
    guard let output = site.output, let axis = site.reading.output?.axis,
      let all = kept(ValueAxis(output, axis), removal)
    else { return nil }
    let width = site.product.outputs
    let left = Set(all.map { $0 / width })
    return left.contains(site.part.position) ? left.count { $0 < site.part.position } : nil
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
      if let constant = small[value].constant {
        small[value].constant = constant.keeping(kept, axis: axis)
        small[value].stored?.keep(kept, axis: axis)
      }
      if var dims = small[value].type?.dims, axis < dims.count, dims[axis].size != nil {
        dims[axis] = .known(kept.count)
        small[value].type?.dims = dims
      }
    }
  }

  private func resize(_ id: NodeID, _ removal: Removal, _ small: inout Graph) {
    let node = graph[id]
    let touched = (node.inputs + node.outputs).compactMap(\.self).contains { axesOfValue[$0] != nil }
    guard touched, !node.isConstant, let rule = try? OperatorTable.make(node, opset: graph.opset(of: node)) else {
      return
    }
    let operands = Operands(node.inputs.map { $0.flatMap { types[$0.index] } })
    let kept = KeptAxes { port in
      let slots = port.isOutput ? node.outputs : node.inputs
      guard port.slot < slots.count, let value = slots[port.slot] else { return [] }
      return left(ValueAxis(value, port.axis), removal)
    }
    let edits = rule.resize(rule.coupling(of: node, operands, types, in: graph), to: kept)
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
    case .noAttribute(let name): small[id].attributes.removeAll { $0.name == name }
    case .literal(let slot, let position, let size, let copied):
      guard let value = small[id].inputs[slot],
        let maker = small.nodes.firstIndex(where: { $0.outputs.contains(value) }).map({ NodeID($0) }),
        let old = small.literals(of: maker)?[position], old != -1, old != 1, old != 0 || copied != size,
        var numbers = small[maker].inputs[1].flatMap({ small[$0].constant?.integers })
      else { return }
      numbers[position] = size
      apply(.operand(1, Tensor(shape: [numbers.count], numbers.map(Int64.init))), maker, &small)
    case .operand(let slot, let tensor):
      guard slot < small[id].inputs.count else {
        let name = (small[id].outputs.first ?? nil).map { small[$0].name } ?? small[id].opType
        small[id].inputs.append(small.addValue(named: name + "_sizes", constant: tensor))
        return
      }
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
