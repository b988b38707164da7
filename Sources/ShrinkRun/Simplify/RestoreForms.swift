import ShrinkGraph
import ShrinkOps

/// Lets the file hold constants that were computed ahead as it did before, where they are what it held, or what is left
/// of that.
///
/// Numbers that were fitted since are written out as they are, or, with `roundsFitted`, in the stored form and type, to
/// which they are rounded.
package struct RestoreForms: Sendable {
  private let roundsFitted: Bool

  /// Makes the step.
  package init(roundsFitted: Bool) { self.roundsFitted = roundsFitted }

  /// Rewrites the graph; tells of the weights that it holds in another form, or with other numbers in this form.
  package func apply(to graph: inout Graph) throws(ShrinkError) -> [WeightForm] {
    let fixed = graph.captured().union(graph.outputs).union(graph.inputs)
    let listsWeights = graph.inputs.contains { graph[$0].constant != nil }
    let isRead = graph.uses().map { !$0.isEmpty }
    var nodes: [Node] = []
    var changes: [WeightForm] = []
    var restored = Set<ValueID>()
    for v in isRead.indices where isRead[v] && !fixed.contains(ValueID(v)) {
      let value = graph.values[v]
      guard let stored = value.stored, let constant = value.constant else { continue }
      let (body, change) = form(stored, constant)
      if let change { changes.append(change) }
      guard let body else { continue }
      restored.insert(ValueID(v))
      graph.values[v].constant = nil
      graph.values[v].constantForm = .initializer
      graph.values[v].stored = nil
      nodes += install(body, as: ValueID(v), in: &graph, listsWeights)
    }
    graph.nodes.removeAll { $0.isConstant && $0.outputs.contains { $0.map(restored.contains) ?? false } }
    graph.nodes = Self.named(nodes, beside: graph.nodes) + graph.nodes
    return changes
  }

  /// The nodes under names that no other node has: several weights may have come from the same nodes.
  private static func named(_ nodes: [Node], beside others: [Node]) -> [Node] {
    var taken = Set((others + nodes).map(\.name))
    var seen = Set(others.map(\.name))
    return nodes.map { node in
      guard !node.name.isEmpty, !seen.insert(node.name).inserted else { return node }
      var own = node
      var number = 1
      repeat {
        own.name = "\(node.name)_\(number)"
        number += 1
      } while !taken.insert(own.name).inserted
      return own
    }
  }

  /// What the file is to hold for a constant, nil for the constant itself, and what is to be told of it.
  private func form(_ stored: StoredForm, _ constant: Tensor) -> (body: Graph?, change: WeightForm?) {
    if constant.storage === stored.result.storage, constant.shape == stored.result.shape { return (stored.body, nil) }
    guard var body = try? FormBody(stored.body), (try? body.cut(stored.kept)) != nil else { return (nil, nil) }
    if body.result == constant { return (body.graph, nil) }
    guard let weight = body.weight?.constant?.dtype, weight != constant.dtype else { return (nil, nil) }
    if roundsFitted, (try? body.store(constant)) == true, body.result?.shape == constant.shape,
      body.byteCount < constant.byteCount
    {
      return (body.graph, change(body, written: "\(weight), rounded"))
    }
    return (nil, change(body, written: "\(constant.dtype)"))
  }

  private func change(_ body: FormBody, written: String) -> WeightForm? {
    body.weight.flatMap { weight in
      weight.constant.map {
        WeightForm(weight: weight.name, stored: "\($0.dtype)", through: body.operators, written: written)
      }
    }
  }

  /// Adds the nodes and constants of a form; the nodes are returned.
  private func install(_ body: Graph, as value: ValueID, in graph: inout Graph, _ listsWeights: Bool) -> [Node] {
    let known = graph.values.count
    let added = graph.include(body, as: value)
    var constants: [Node] = []
    for v in known..<graph.values.count where graph.values[v].constant != nil {
      if listsWeights { graph.values[v].constantForm = .constantNode }
      if graph.values[v].constantForm == .constantNode {
        constants.append(Node("Constant", inputs: [], outputs: [ValueID(v)]))
      }
    }
    return constants + added.nodes
  }
}
