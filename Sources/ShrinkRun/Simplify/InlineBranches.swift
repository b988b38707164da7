import ShrinkGraph
import ShrinkOps

/// Puts the branch of an If that is always taken in its place.
///
/// Exporters ask for the rank of a tensor, or whether an axis is 1, where the network that they write has no choice
/// (torch.tile, torch.squeeze). The other branch would pin what it reads. What the branch shows is folded, since it may decide
/// the next If.
package struct InlineBranches: Pass {
  package static let name = "InlineBranches"
  package static let summary = "put the branch of an If that is always taken in its place"

  /// Makes the pass.
  package init() {}

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    var hasChanged = false
    while Self.inline(&graph) {
      hasChanged = true
      _ = try DropIdentity().apply(to: &graph)
      _ = try FoldConstants().apply(to: &graph)
    }
    return hasChanged
  }

  /// Inlines every If of the graph that is decided; says whether there was one.
  private static func inline(_ graph: inout Graph) -> Bool {
    let decided = graph.nodes.map { branch(of: $0, in: graph) }
    guard decided.contains(where: { $0 != nil }) else { return false }
    let (outer, locals) = (graph.index(), names(inside: graph.nodes))
    var nodes: [Node] = []
    var hasChanged = false
    for (node, body) in zip(graph.nodes, decided) {
      if let body, let own = graph.inlined(body, for: node, outer: outer, locals: locals) {
        nodes += own
        hasChanged = true
      } else {
        nodes.append(node)
      }
    }
    graph.nodes = nodes
    if hasChanged { graph.dropUnnamedValues() }
    return hasChanged
  }

  /// The graph that an If with a constant condition always runs; nil for any other node.
  private static func branch(of node: Node, in graph: Graph) -> Graph? {
    guard node.domain.isEmpty, node.opType == "If", let condition = node.inputs.first ?? nil,
      let flag = graph[condition].constant, flag.dtype == .bool, let value = flag.integers, value.count == 1
    else { return nil }
    return node.body(value[0] != 0 ? "then_branch" : "else_branch")
  }

  /// How many graphs in attributes make a value of each name, at every depth.
  private static func names(inside nodes: [Node]) -> [String: Int] {
    var counts: [String: Int] = [:]
    for body in nodes.flatMap(\.allBodies) {
      let (producers, inputs) = (body.producers(), Set(body.inputs))
      for (v, value) in body.values.enumerated()
      where producers[v] != nil || value.constant != nil || inputs.contains(ValueID(v)) {
        counts[value.name, default: 0] += 1
      }
      counts.merge(names(inside: body.nodes), uniquingKeysWith: +)
    }
    return counts
  }
}

extension Node {
  fileprivate var allBodies: [Graph] {
    attributes.flatMap { attribute -> [Graph] in
      if case .graphs(let bodies, _) = attribute.value { bodies } else { [] }
    }
  }

  fileprivate func body(_ name: String) -> Graph? {
    guard let attribute = attributes.first(where: { $0.name == name }),
      case .graphs(let bodies, _) = attribute.value, bodies.count == 1
    else { return nil }
    return bodies.first
  }
}

extension Graph {
  /// The nodes of a branch in terms of this graph, to which its values are added; nil, and nothing changed, where names
  /// that graphs further inside read would change.
  fileprivate mutating func inlined(
    _ body: Graph, for node: Node, outer: [String: ValueID], locals: [String: Int]
  ) -> [Node]? {
    guard body.inputs.isEmpty, body.outputs.count >= node.outputs.count else { return nil }
    var (result, nodes) = (self, [Node]())
    let producers = body.producers()
    var own: [ValueID: ValueID] = [:]
    // What the branch makes to show it is the result; what else it shows is copied.
    for (inner, shown) in zip(body.outputs, node.outputs) where own[inner] == nil && body[inner].constant == nil {
      if producers[inner.index] != nil, let shown { own[inner] = shown }
    }
    for v in body.values.indices.map({ ValueID($0) }) where own[v] == nil {
      let name = locals[body[v].name, default: 0] > 1 ? "\(body[v].name)_inlined" : body[v].name
      if let constant = body[v].constant {
        own[v] = result.addConstant(body[v], constant, named: name, hasNode: producers[v.index] != nil, &nodes)
      } else if producers[v.index] != nil {
        own[v] = result.addValue(named: name)
      } else {
        guard let read = outer[body[v].name] else { return nil }
        own[v] = read
      }
    }
    let renamed = body.values.indices.filter { v in own[ValueID(v)].map { result[$0].name } != body.values[v].name }
    guard Set(renamed.map { body.values[$0].name }).isDisjoint(with: body.nodes.flatMap(\.captures)) else { return nil }
    for inner in body.nodes {
      var copy = inner
      copy.inputs = inner.inputs.map { $0.flatMap { own[$0] } }
      copy.outputs = inner.outputs.map { $0.flatMap { own[$0] } }
      nodes.append(copy)
    }
    for (inner, shown) in zip(body.outputs, node.outputs) {
      guard let shown, let from = own[inner], from != shown else { continue }
      nodes.append(Node("Identity", inputs: [from], outputs: [shown]))
    }
    self = result
    return nodes
  }

  /// A constant of a branch, which becomes a node where the file lists its initialisers among the inputs.
  private mutating func addConstant(
    _ value: Value, _ constant: Tensor, named name: String, hasNode: Bool, _ nodes: inout [Node]
  ) -> ValueID {
    let id = addValue(named: name, constant: constant)
    self[id].constantForm = value.constantForm
    if self[id].name == value.name { self[id].constantCarry = value.constantCarry }
    if !hasNode, inputs.contains(where: { self[$0].constant != nil }) {
      self[id].constantForm = .constantNode
      nodes.append(Node("Constant", inputs: [], outputs: [id]))
    }
    return id
  }
}
