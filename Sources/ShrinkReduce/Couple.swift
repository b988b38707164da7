import ShrinkGraph
import ShrinkOps
import ShrinkRun

/// What can shrink in a graph: groups of units, the sites that read them, and the layers that cannot and why.
package struct Coupled: Sendable {
  /// Groups of at least two units, in the order of the graph.
  package let groups: [ChannelGroup]
  /// Every linear layer with constant weights, in the order of execution.
  package let sites: [Site]
  /// Layers whose outputs cannot shrink.
  package let pinned: [PinnedLayer]

  /// Asks every operator for its coupling rule and joins the answers.
  ///
  /// `types` are those of `Inference` for any concrete shape of the inputs. Nodes without a rule pin what they touch.
  package init(_ graph: Graph, types: [TensorType?]) throws(ShrinkError) {
    var builder = CoupleBuilder(graph, types)
    for node in try graph.topologicalOrder() { builder.add(node) }
    builder.pinInterface()
    let result = builder.finish()
    groups = result.groups
    sites = result.sites
    pinned = result.pinned
  }
}

/// Collects ties, pins and linear layers node by node.
private struct CoupleBuilder {
  let graph: Graph
  let types: [TensorType?]
  let uses: [[Use]]
  var classes: AxisClasses
  /// Axes that may not shrink, and why, in the order of discovery.
  var pins: [(ValueAxis, String)] = []
  /// Contracted axes that nothing can compensate.
  var candidates: [SiteCandidate] = []

  init(_ graph: Graph, _ types: [TensorType?]) {
    self.graph = graph
    self.types = AxisClasses.followed(types)
    uses = graph.uses()
    classes = AxisClasses(self.types)
  }

  mutating func add(_ id: NodeID) {
    let node = graph[id]
    if node.isConstant { return }
    let operands = Operands(node.inputs.map { $0.flatMap { types[$0.index] } })
    let known = node.inputs.allSatisfy { $0.map { types[$0.index] != nil } ?? true }
    let results = node.outputs.compactMap { $0.flatMap { types[$0.index] } }
    guard known, results.count == node.outputs.count { $0 != nil },
      let rule = try? OperatorTable.make(node, opset: graph.opsets[""] ?? 0), node.captures.isEmpty
    else { return pinAll(node, "\(node.place) has no coupling rule") }
    // A result that is left out keeps its slot: rules count slots, so give it the type of no axes.
    let outputs = node.outputs.map { $0.flatMap { types[$0.index] } ?? TensorType(.float32, []) }
    var coupling = Coupling(inputs: operands, outputs: outputs)
    rule.couple(&coupling)
    apply(coupling, node)
    register(rule, coupling, id, operands)
  }

  private func axis(_ port: Port, _ node: Node) -> ValueAxis? {
    let slots = port.isOutput ? node.outputs : node.inputs
    guard port.slot < slots.count, let value = slots[port.slot] else { return nil }
    return ValueAxis(value, port.axis)
  }

  private mutating func apply(_ coupling: Coupling, _ node: Node) {
    for tie in coupling.ties {
      guard let a = axis(tie.a, node), let b = axis(tie.b, node) else { continue }
      classes.unite(a, from: tie.firstA, b, from: tie.firstB, count: tie.count, block: tie.block)
    }
    for (slots, isOutput) in [(node.inputs, false), (node.outputs, true)] {
      for (slot, value) in slots.enumerated() {
        guard let value else { continue }
        for axis in classes.shapes[value.index].indices
        where !coupling.named.contains(isOutput ? .output(slot, axis) : .input(slot, axis)) {
          pins.append((ValueAxis(value, axis), "\(node.place) needs all of axis \(axis) of '\(graph[value].name)'"))
        }
      }
    }
  }

  /// Notes a linear layer, or pins its contracted axis when the relation cannot be absorbed there.
  private mutating func register(
    _ rule: any Operator, _ coupling: Coupling, _ id: NodeID, _ operands: Operands<TensorType>
  ) {
    let node = graph[id]
    for contraction in coupling.contractions {
      if let linear = rule as? any LinearOperator, let candidate = candidate(linear, contraction, id, operands) {
        candidates.append(candidate)
      } else if let axis = axis(contraction.data, node) {
        pins.append((axis, "\(node.place) reads it in a form that cannot absorb a relation yet"))
      }
    }
  }

  private func candidate(
    _ rule: any LinearOperator, _ contraction: Coupling.Contraction, _ id: NodeID, _ operands: Operands<TensorType>
  ) -> SiteCandidate? {
    let node = graph[id]
    let slots = (type(of: rule).data, type(of: rule).weight)
    guard let product = rule.product(operands), let data = node.inputs[slots.0], let weight = node.inputs[slots.1],
      let output = node.outputs.first.flatMap({ $0 }), graph[weight].constant?.dtype == .float32,
      types[data.index]?.dtype == .float32, contraction.data.slot == slots.0,
      let outputAxis = outputAxis(rule, output), uses[weight.index].count == 1
    else { return nil }
    return SiteCandidate(
      node: id, data: data, dataAxis: contraction.data.axis, weight: weight, output: output, rule: rule,
      product: product,
      outputAxis: outputAxis, bias: biasPlace(rule, id, output, product))
  }

  private func outputAxis(_ rule: any LinearOperator, _ output: ValueID) -> Int? {
    guard let rank = types[output.index]?.shape.count else { return nil }
    return rule.outputAxis(rank: rank)
  }

  private func biasPlace(
    _ rule: any LinearOperator, _ id: NodeID, _ output: ValueID, _ product: LinearProduct
  ) -> Site.BiasPlace {
    let node = graph[id]
    if let slot = type(of: rule).bias {
      guard slot < node.inputs.count, let bias = node.inputs[slot] else { return .absent(slot) }
      let constant = graph[bias].constant
      let fits = constant?.dtype == .float32 && constant?.count == product.outputs && uses[bias.index].count == 1
      return fits && rule.factors.bias != 0 ? .operand(slot) : .none
    }
    guard uses[output.index].count == 1, let use = uses[output.index].first, !graph.outputs.contains(output) else {
      return .none
    }
    let reader = graph[use.node]
    guard reader.opType == "Add", reader.domain.isEmpty, reader.inputs.count == 2,
      !reader.attributes.contains(where: { $0.name == "axis" }),
      let other = reader.inputs[1 - use.slot], uses[other.index].count == 1, let constant = graph[other].constant,
      constant.dtype == .float32, constant.shape == [product.outputs]
    else { return .none }
    return .add(use.node, slot: 1 - use.slot)
  }

  /// Pins what the outside world sees, what subgraphs read, and what is read in a place whose type is not known.
  mutating func pinInterface() {
    for input in graph.realInputs { pinAll(input, "graph input '\(graph[input].name)'") }
    for output in graph.outputs { pinAll(output, "graph output '\(graph[output].name)'") }
    for value in graph.captured() { pinAll(value, "a subgraph reads '\(graph[value].name)'") }
  }

  private mutating func pinAll(_ node: Node, _ reason: String) {
    for value in (node.inputs + node.outputs).compactMap(\.self) { pinAll(value, reason) }
  }

  private mutating func pinAll(_ value: ValueID, _ reason: String) {
    for axis in classes.shapes[value.index].indices { pins.append((ValueAxis(value, axis), reason)) }
  }

  mutating func finish() -> (groups: [ChannelGroup], sites: [Site], pinned: [PinnedLayer]) {
    var reasons: [Int: String] = [:]
    for (axis, reason) in pins {
      for i in 0..<classes.shapes[axis.value.index][axis.axis] {
        let root = classes.root(axis, i)
        if reasons[root] == nil { reasons[root] = reason }
      }
    }
    var grouping = GroupBuilder(graph: graph, classes: classes, reasons: reasons, candidates: candidates, uses: uses)
    return grouping.finish()
  }
}
