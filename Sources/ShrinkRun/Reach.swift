import ShrinkGraph
import ShrinkOps

/// What is left of a graph when some of its nodes cannot be run.
struct Reach {
  private let graph: Graph
  /// Nodes that run: they are not blocked, and nothing that they read comes from one that is.
  private var usable = Set<NodeID>()
  /// Values that such nodes compute and that a blocked node reads: where the graph could be cut.
  private var ends: [ValueID] = []
  /// Outputs that need no blocked node.
  private let outputs: [ValueID]

  /// Follows the graph from its inputs; nil when it has a cycle.
  init?(_ graph: Graph, blocked: Set<NodeID>) {
    guard let order = try? graph.topologicalOrder() else { return nil }
    self.graph = graph
    let index = graph.captureIndex()
    var lost = Set<ValueID>()
    var computed = Set<ValueID>()
    for id in order where !graph[id].isConstant {
      let read = graph.operands(of: graph[id], index).compactMap(\.self)
      let made = graph[id].outputs.compactMap(\.self)
      if !blocked.contains(id), !read.contains(where: lost.contains) {
        usable.insert(id)
        computed.formUnion(made)
      } else {
        lost.formUnion(made)
        for value in read where computed.contains(value) && !ends.contains(value) { ends.append(value) }
      }
    }
    outputs = graph.outputs.filter { !lost.contains($0) }
  }

  /// What the user can do with the part that works.
  var hint: String {
    if !outputs.isEmpty {
      return "of the outputs, \(names(outputs)) can be computed without it: cut the model to what is wanted of them"
    }
    let nodes = graph.nodes.count { !$0.isConstant }
    guard !usable.isEmpty, !ends.isEmpty else { return "nothing of the network runs in front of it" }
    return "\(usable.count) of \(nodes) nodes can be run in front of it: cut the model at \(names(ends))"
  }

  private func names(_ values: [ValueID]) -> String {
    let shown = values.prefix(3).map { "'\(graph[$0].name)'" }.joined(separator: ", ")
    return values.count > 3 ? "\(shown) and \(values.count - 3) more" : shown
  }
}

extension OperatorError {
  /// The same error at a node, saying which part of the graph works without the nodes that have no kernel.
  func at(
    _ node: NodeID, of graph: Graph, isBody: Bool, operations: (Node) throws(OperatorError) -> any Operator
  ) -> ShrinkError {
    var located = at(node, of: graph)
    guard code == .unsupportedOperator, !isBody else { return located }
    var blocked: Set = [node]
    for i in graph.nodes.indices where !graph.nodes[i].isConstant {
      do throws(OperatorError) { _ = try operations(graph.nodes[i]) } catch { blocked.insert(NodeID(i)) }
    }
    if let reach = Reach(graph, blocked: blocked) { located.hint = reach.hint }
    return located
  }
}
