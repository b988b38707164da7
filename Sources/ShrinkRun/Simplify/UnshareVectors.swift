import ShrinkGraph
import ShrinkOps

/// Gives every layer its own copy of a vector that several read: a bias, a scale, slopes.
///
/// Exporters and programs that remove duplicates let layers share a vector because its numbers are the same, which would
/// tie the units of these layers to each other. Nodes that apply the same weight keep sharing what they add to it. Weights
/// and tables stay shared: they are meant to be. Copies that are still equal in the end become one again
/// (`MergeConstants`).
package struct UnshareVectors: Pass {
  package static let name = "UnshareVectors"
  package static let summary = "give every layer its own copy of a vector that several read"
  private let make: OperatorMaker

  /// Makes the pass.
  package init() { self.init(make: OperatorTable.make) }
  /// Makes the pass with other operators.
  package init(make: @escaping OperatorMaker) { self.make = make }

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let uses = graph.uses()
    let fixed = graph.captured().union(graph.outputs).union(graph.inputs)
    let listsWeights = graph.inputs.contains { graph[$0].constant != nil }
    var nodes: [Node] = []
    var hasChanged = false
    for v in graph.values.indices where uses[v].count > 1 {
      let value = ValueID(v)
      guard let constant = graph[value].constant, Self.isVector(constant) else { continue }
      // Who has no copy yet: the first keeps the original, unless somebody must find it whatever becomes of it.
      var copies: [Reader: ValueID] = [:]
      for use in uses[v] {
        guard let reader = reader(use, of: constant, in: graph) else {
          copies[.weight] = value
          continue
        }
        if copies.isEmpty && !fixed.contains(value) { copies[reader] = value }
        let own = copies[reader] ?? graph.copy(value, asNode: listsWeights, &nodes)
        copies[reader] = own
        hasChanged = hasChanged || own != value
        graph[use.node].inputs[use.slot] = own
      }
    }
    graph.nodes = nodes + graph.nodes
    return hasChanged
  }

  /// Who reads a vector as one.
  private enum Reader: Hashable {
    case node(NodeID)
    /// All nodes that apply this weight.
    case layer(ValueID)
    /// Those for whom it is the weight.
    case weight
  }

  /// Nil where the vector is a weight.
  private func reader(_ use: Use, of constant: Tensor, in graph: Graph) -> Reader? {
    let node = graph[use.node]
    guard let rule = try? make(node, graph.opset(of: node)), rule is any LinearOperator else { return .node(use.node) }
    if constant.rank > 1 && use.slot == 1 { return nil }
    guard node.inputs.count > 1, let weight = node.inputs[1], graph[weight].constant != nil else {
      return .node(use.node)
    }
    return .layer(weight)
  }

  /// Whether at most one axis is longer than 1, and it is a matter of units.
  private static func isVector(_ constant: Tensor) -> Bool {
    constant.dtype.isFloat && constant.count > 1 && constant.shape.count { $0 > 1 } == 1
  }
}

extension Graph {
  /// A constant of its own with the same elements.
  mutating func copy(_ value: ValueID, asNode: Bool, _ nodes: inout [Node]) -> ValueID {
    let original = self[value]
    let id = addValue(named: original.name, constant: original.constant)
    self[id].stored = original.stored
    self[id].constantCarry = nil
    if asNode || original.constantForm == .constantNode {
      self[id].constantForm = .constantNode
      nodes.append(Node("Constant", inputs: [], outputs: [id]))
    }
    return id
  }
}
