import ShrinkGraph
import ShrinkOps
import ShrinkRun

/// What can shrink in a graph: groups of units, the sites that read them, and the units that cannot go and why.
package struct Coupled: Sendable {
  /// Groups of at least two units, in the order of the graph.
  package let groups: [ChannelGroup]
  /// Every linear layer with constant weights, in the order of execution.
  package let sites: [Site]
  /// Products of two activations over units of a group: of queries and keys.
  package let pairs: [UnitPair]
  /// Sizes of the factors of each segment of every axis that shrinks.
  package let forms: [ValueAxis: [[Int]]]
  /// Units that layers make and that cannot go.
  package let pinned: [PinnedUnits]

  /// Asks every operator for its coupling rule and joins the answers.
  ///
  /// `types` are those of `Inference` for any concrete shape of the inputs. Nodes without a rule pin what they touch.
  package init(_ graph: Graph, types: [TensorType?]) throws(ShrinkError) {
    var builder = try CoupleBuilder(graph, types)
    for node in try graph.topologicalOrder() { builder.add(node) }
    builder.pinInterface()
    let (result, pinned) = builder.finish()
    groups = result.groups
    sites = result.sites
    pairs = result.pairs
    self.pinned = pinned
    forms = result.forms
  }

  /// The nodes that read a group's units, each once.
  package func readingNodes(of group: ChannelGroup) -> [NodeID] {
    let nodes = group.readers.flatMap { sites[$0].applications } + group.pairs.map { pairs[$0].node }
    return Array(Set(nodes)).sorted()
  }
}

/// One axis of one value.
package struct ValueAxis: Hashable, Sendable, Comparable {
  /// The value.
  package let value: ValueID
  /// The axis, counted from 0.
  package let axis: Int

  /// Names an axis.
  package init(_ value: ValueID, _ axis: Int) {
    self.value = value
    self.axis = axis
  }

  package static func < (a: ValueAxis, b: ValueAxis) -> Bool { (a.value, a.axis) < (b.value, b.axis) }
}

/// Why an axis may not shrink.
struct Pin {
  /// The axis, as numbered in `AxisClasses`.
  let axis: Int
  let reason: PinReason
  /// The node that leaves the axis unnamed.
  var node: NodeID?
}

/// Collects ties, pins and linear layers node by node.
private struct CoupleBuilder {
  let graph: Graph
  let types: [TensorType?]
  let uses: [[Use]]
  let producers: [NodeID?]
  var axes: AxisNumbers
  var classes: AxisClasses
  /// In the order of discovery.
  private var pins: [Pin] = []
  /// The node that each relation of `classes` comes from, and the axes that it speaks of.
  private var origins: [(node: NodeID, axes: [Int])] = []
  private var candidates: [SiteCandidate] = []
  private var pairs: [PairCandidate] = []
  /// Layers that are linear but are not followed.
  private var closed: [ClosedLayer] = []

  /// Which sizes anything uses.
  private let flow: ShapeFlow

  init(_ graph: Graph, _ types: [TensorType?]) throws(ShrinkError) {
    self.graph = graph
    flow = try ShapeFlow(graph, types: types)
    axes = AxisNumbers(types)
    self.types = axes.types
    uses = graph.uses()
    producers = graph.producers()
    classes = AxisClasses(sizes: axes.sizes)
  }

  mutating func add(_ id: NodeID) {
    let node = graph[id]
    if node.isConstant { return }
    guard node.captures.isEmpty else {
      return pinAll(node, PinReason(.subgraph, graph, id, "hands them to a subgraph"))
    }
    guard let rule = try? OperatorTable.make(node, opset: graph.opset(of: node)) else {
      let reason = PinReason(.unknownOperator, graph, id, "is not known, so that it may need all of them")
      if node.isProduct { closed.append(ClosedLayer(node: id, axis: nil, reason: reason)) }
      return pinAll(node, reason)
    }
    let used = (node.inputs + node.outputs).compactMap(\.self)
    guard used.allSatisfy({ types[$0.index] != nil }) else {
      let reason = PinReason(.unknownShape, graph, id, "has shapes that are not known")
      if node.isProduct || rule is any LinearOperator {
        closed.append(ClosedLayer(node: id, axis: nil, reason: shapeless(id) ?? reason))
      }
      return pinAll(node, reason)
    }
    let operands = Operands(node.inputs.map { $0.flatMap { types[$0.index] } })
    let coupling = rule.coupling(of: node, operands, types, in: graph, elements: flow.elements(of: node))
    apply(rule, coupling, id)
    register(rule, coupling, id, operands)
  }

  /// The first node in front of another whose results have no known shape though its operands do.
  private func shapeless(_ id: NodeID) -> PinReason? {
    var (open, seen) = ([id], Set([id]))
    while let node = open.popLast() {
      let unknown = graph[node].inputs.compactMap { $0 }.filter { types[$0.index] == nil }
      let makers = unknown.compactMap { producers[$0.index] }
      if makers.isEmpty, node != id { return PinReason(.unknownShape, graph, node, "makes shapes that are not known") }
      open += makers.filter { seen.insert($0).inserted }
    }
    return nil
  }

  private func axis(_ port: Port, _ node: Node) -> Int? {
    let slots = port.isOutput ? node.outputs : node.inputs
    guard port.slot < slots.count, let value = slots[port.slot] else { return nil }
    return axes.number(ValueAxis(value, port.axis))
  }

  private mutating func apply(_ rule: any Operator, _ coupling: Coupling, _ id: NodeID) {
    let node = graph[id]
    for tie in coupling.ties {
      guard let a = axis(tie.a, node), let b = axis(tie.b, node) else { continue }
      classes.tie(a, from: tie.firstA, b, from: tie.firstB, count: tie.count)
      origins.append((id, [a, b]))
    }
    var factors: [Int] = []
    for factor in coupling.factors {
      let added = classes.add(size: factor.size)
      factors.append(added)
      if coupling.pinned.contains(factor) {
        pins.append(Pin(axis: added, reason: PinReason(.operator, graph, id, "needs all \(factor.size) of them")))
      }
    }
    for product in coupling.products {
      guard let axis = axis(product.port, node) else { continue }
      classes.product(axis, factors: product.factors.map { factors[$0.number] })
      origins.append((id, [axis]))
    }
    let reason = PinReason(rule is any ControlFlow ? .subgraph : .operator, graph, id, rule.useOfAll)
    for (slots, isOutput) in [(node.inputs, false), (node.outputs, true)] {
      for (slot, value) in slots.enumerated() {
        guard let value else { continue }
        for axis in axes.shape(value).indices
        where !coupling.named.contains(isOutput ? .output(slot, axis) : .input(slot, axis))
          && (isOutput || matters(axis, to: id))
        { pin(ValueAxis(value, axis), reason, id) }
      }
    }
  }

  /// Whether a node that does not name an axis needs it: Shape and Size only where something uses what they say.
  private func matters(_ axis: Int, to id: NodeID) -> Bool {
    let node = graph[id]
    guard node.domain.isEmpty, ["Shape", "Size"].contains(node.opType) else { return true }
    return flow.axesThatMatter(id).contains(axis)
  }

  /// Notes linear layers and pairs, and pins contracted axes where a relation cannot be absorbed.
  private mutating func register(
    _ rule: any Operator, _ coupling: Coupling, _ id: NodeID, _ operands: Operands<TensorType>
  ) {
    let node = graph[id]
    for pair in coupling.pairs { addPair(pair.a, pair.b, id, isWhole: pair.isWhole) }
    let linear = rule as? any LinearOperator
    let readings = linear?.readings(operands) ?? []
    var absorbed = Set<Port>()
    for (position, reading) in readings.enumerated() {
      guard let linear, let candidate = candidate(linear, reading, (position, readings.count), id) else { continue }
      absorbed.insert(reading.channelAxis)
      // The first of the nodes that apply a weight stands for all.
      if candidate.applications.first == id { candidates.append(candidate) }
    }
    if absorbed.isEmpty, linear != nil || node.isProduct { noteClosed(readings.first, id) }
    for contraction in coupling.contractions where !absorbed.contains(contraction.data) {
      let weight = contraction.weight.isOutput ? nil : node.inputs[contraction.weight.slot]
      if let weight, graph[weight].constant == nil, contraction.weight != contraction.data,
        isOfMatrices(contraction.data, operands), isOfMatrices(contraction.weight, operands)
      {
        addPair(contraction.data, contraction.weight, id, isWhole: true)
      } else if let axis = axis(contraction.data, node) {
        let reason = PinReason(.reader, graph, id, "reads them and cannot make up for one that is missing")
        pins.append(Pin(axis: axis, reason: reason))
      }
    }
  }

  /// Notes a linear layer with weights in the file that cannot be fitted.
  private mutating func noteClosed(_ reading: (any LinearReading)?, _ id: NodeID) {
    let node = graph[id]
    let weight = node.inputs.compactMap { $0 }.first { graph[$0].constant.map { $0.shape.count > 1 } ?? false }
    guard let weight, let type = graph[weight].constant?.dtype, let output = node.outputs.first ?? nil else { return }
    // Channels stand on axis 1 where a kernel slides over the others; a product from the left makes rows.
    let rank = axes.shape(output).count
    let isFirst = weight == node.inputs[0] && node.opType != "Einsum"
    let usual = node.opType.contains("Conv") ? 1 : rank - (isFirst ? 2 : 1)
    let axis = reading?.output.map(\.axis) ?? max(usual, 0)
    let fact =
      type != .float32
      ? "has \(type) weights, which are left alone"
      : "has weights that \(reading == nil ? "are not of a form that is followed" : "are used in other ways as well")"
    closed.append(
      ClosedLayer(node: id, axis: ValueAxis(output, axis), reason: PinReason(.weights, graph, id, fact)))
  }

  /// Whether an axis is one of the last two of its operand, so that what a product over it misses can be summed up.
  private func isOfMatrices(_ port: Port, _ operands: Operands<TensorType>) -> Bool {
    let rank = operands.optional(port.slot)?.shape.count ?? 0
    return rank >= 2 && port.axis >= rank - 2
  }

  private mutating func addPair(_ a: Port, _ b: Port, _ id: NodeID, isWhole: Bool) {
    guard let x = graph[id].inputs[a.slot], let y = graph[id].inputs[b.slot] else { return }
    pairs.append(PairCandidate(node: id, a: ValueAxis(x, a.axis), b: ValueAxis(y, b.axis), isWhole: isWhole))
  }

  private func candidate(
    _ rule: any LinearOperator, _ reading: any LinearReading, _ part: (Int, Int), _ id: NodeID
  ) -> SiteCandidate? {
    let node = graph[id]
    func value(_ port: Port) -> ValueID? {
      let slots = port.isOutput ? node.outputs : node.inputs
      return port.slot < slots.count ? slots[port.slot] : nil
    }
    guard let channels = value(reading.channelAxis), types[channels.index]?.dtype == .float32,
      let weight = node.inputs[reading.weight], graph[weight].constant?.dtype == .float32
    else { return nil }
    let output = reading.output.flatMap { $0.slot < node.outputs.count ? node.outputs[$0.slot] : nil }
    guard reading.output == nil || output != nil, let nodes = applications(of: weight, reading.weight, id) else {
      return nil
    }
    return SiteCandidate(
      node: id, applications: nodes, data: value(reading.data),
      channels: ValueAxis(channels, reading.channelAxis.axis), weight: weight,
      output: output.flatMap { value in reading.output.map { ValueAxis(value, $0.axis) } }, rule: rule, part: part,
      reading: reading, bias: biasPlace(reading, id, output, nodes.count))
  }

  /// The nodes that apply a weight, when all do it alike: the same operator with the same attributes and the same bias.
  private func applications(of weight: ValueID, _ slot: Int, _ id: NodeID) -> [NodeID]? {
    let users = uses[weight.index]
    guard users.count > 1 else { return [id] }
    let node = graph[id]
    let isAlike = users.allSatisfy { use in
      let other = graph[use.node]
      return use.slot == slot && other.opType == node.opType && other.domain == node.domain
        && other.inputs.count == node.inputs.count && other.inputs.dropFirst(2) == node.inputs.dropFirst(2)
        && other.hasSameAttributes(as: node)
    }
    return isAlike ? users.map(\.node).sorted() : nil
  }

  private func biasPlace(
    _ reading: any LinearReading, _ id: NodeID, _ output: ValueID?, _ applications: Int
  ) -> Site.BiasPlace {
    let node = graph[id]
    if let slot = reading.bias {
      guard slot < node.inputs.count, let bias = node.inputs[slot] else {
        return applications == 1 ? .absent(slot) : .none
      }
      guard let constant = graph[bias].constant, constant.dtype == .float32,
        reading.biasOrder(constant.shape) != nil, uses[bias.index].count == applications
      else { return .none }
      return reading.factors.bias != 0 ? .operand(slot) : .none
    }
    guard let output, uses[output.index].count == 1, let use = uses[output.index].first,
      !graph.outputs.contains(output), applications == 1
    else { return .none }
    let reader = graph[use.node]
    guard reader.opType == "Add", reader.domain.isEmpty, reader.inputs.count == 2,
      !reader.attributes.contains(where: { $0.name == "axis" }),
      let other = reader.inputs[1 - use.slot], uses[other.index].count == 1, let constant = graph[other].constant,
      constant.dtype == .float32, constant.shape == [reading.product.outputs]
    else { return .none }
    return .add(use.node, slot: 1 - use.slot)
  }

  /// Pins what the outside world sees, what subgraphs read, and what is read in a place whose type is not known.
  mutating func pinInterface() {
    for input in graph.realInputs {
      pinAll(input, PinReason(.graphInput, by: "graph input", name: graph[input].name, "brings them"))
    }
    for output in graph.outputs {
      pinAll(output, PinReason(.graphOutput, by: "graph output", name: graph[output].name, "shows them"))
    }
    let names = graph.captureIndex()
    for id in graph.nodes.indices.map({ NodeID($0) }) {
      let reason = PinReason(.subgraph, graph, id, "reads them in a subgraph")
      for value in graph[id].captures.compactMap({ names[$0] }) { pinAll(value, reason) }
    }
  }

  private mutating func pinAll(_ node: Node, _ reason: PinReason) {
    for value in (node.inputs + node.outputs).compactMap(\.self) { pinAll(value, reason) }
  }

  private mutating func pinAll(_ value: ValueID, _ reason: PinReason) {
    for axis in axes.shape(value).indices { pin(ValueAxis(value, axis), reason) }
  }

  private mutating func pin(_ axis: ValueAxis, _ reason: PinReason, _ node: NodeID? = nil) {
    if let number = axes.number(axis) { pins.append(Pin(axis: number, reason: reason, node: node)) }
  }

  mutating func finish() -> (GroupBuilder.Result, [PinnedUnits]) {
    for relation in classes.settle() {
      let (node, touched) = origins[relation]
      let reason = PinReason(.operator, graph, node, "cuts them up in a way that is not followed")
      for axis in touched { pins.append(Pin(axis: axis, reason: reason)) }
    }
    var held = Set<Int>()
    for pin in pins {
      for element in classes.elements(of: pin.axis) { held.formUnion(element.classes) }
    }
    var grouping = GroupBuilder(
      graph: graph, axes: axes, classes: classes, held: held, candidates: candidates, pairs: pairs)
    let result = grouping.finish()
    var finder = PinnedUnitsFinder(grouping, pins: pins, closed: closed)
    return (result, finder.find())
  }
}

extension Operator {
  /// What the rule says of a node whose values have the given types.
  func coupling(
    of node: Node, _ operands: Operands<TensorType>, _ types: [TensorType?], in graph: Graph,
    elements: [Int: [Coupling.Element]] = [:]
  ) -> Coupling {
    // A result that is left out keeps its slot: rules count slots, so give it the type of no axes.
    let outputs = node.outputs.map { $0.flatMap { types[$0.index] } ?? TensorType(.float32, []) }
    let stored = node.inputs.indices.filter { node.inputs[$0].map { graph[$0].constant != nil } ?? false }
    var coupling = Coupling(inputs: operands, outputs: outputs, stored: Set(stored), elements: elements)
    couple(&coupling)
    return coupling
  }
}

extension Node {
  /// Whether it is a product with weights by its name, quantised ones included.
  fileprivate var isProduct: Bool { ["Conv", "MatMul", "Gemm", "Einsum"].contains(where: opType.contains) }

  /// Whether the attributes of two nodes say the same; tensors and subgraphs never do.
  fileprivate func hasSameAttributes(as other: Node) -> Bool {
    attributes.count == other.attributes.count
      && attributes.allSatisfy { a in other.attributes.contains { $0.name == a.name && $0.value.isSame(a.value) } }
  }
}

extension Attribute.Value {
  fileprivate func isSame(_ other: Attribute.Value) -> Bool {
    switch (self, other) {
    case (.float(let a), .float(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.floats(let a), .floats(let b)): a == b
    case (.ints(let a), .ints(let b)): a == b
    case (.strings(let a), .strings(let b)): a == b
    default: false
    }
  }
}
