import ShrinkGraph
import ShrinkOps

/// Small constants of any rank that several nodes read and that are no weights: tables of rotary embeddings.
///
/// Exporters keep one table of cosines for all layers, which ties the widths of the heads of all layers to each other. Nodes
/// can be given copies; whoever asks for them says which nodes keep one in common.
package struct SharedTables: Sendable {
  /// A table and the places where it is read.
  package struct Table: Sendable {
    package let value: ValueID
    package let uses: [Use]
  }

  /// Bytes of all constants of the graph for each byte that copies may take.
  private static let share = 32

  /// The tables of a graph.
  package let all: [Table]
  /// How many bytes copies may take in all.
  private let limit: Int

  /// Finds the tables.
  package init(_ graph: Graph) {
    let sizes = graph.values.map { $0.constant?.byteCount ?? 0 }
    let limit = sizes.reduce(0, +) / Self.share
    let fixed = graph.captured().union(graph.outputs).union(graph.inputs)
    all = graph.uses().enumerated().compactMap { v, uses in
      guard uses.count > 1, sizes[v] <= limit, !fixed.contains(ValueID(v)), let constant = graph.values[v].constant,
        constant.dtype.isFloat, constant.shape.count(where: { $0 > 1 }) > 1,
        uses.allSatisfy({ !Self.isWeight($0, in: graph) })
      else { return nil }
      return Table(value: ValueID(v), uses: uses)
    }
    self.limit = limit
  }

  /// Whether a place is meant for weights, which stay shared: they are what makes the file large.
  private static func isWeight(_ use: Use, in graph: Graph) -> Bool {
    let node = graph[use.node]
    if ["Gather", "GatherElements", "GatherND"].contains(node.opType) { return true }
    guard let rule = try? OperatorTable.make(node, opset: graph.opset(of: node)) else { return true }
    return rule is any LinearOperator && use.slot == 1
  }

  /// The graph with a copy for each part of the places of a table behind the first, and the values that the parts read;
  /// nil where the copies would take too many bytes.
  ///
  /// `parts` holds one list of parts for each table.
  package func copied(_ parts: [[[Use]]], in graph: Graph) -> (graph: Graph, values: [[ValueID]])? {
    let growth = zip(all, parts).reduce(0) { $0 + ($1.1.count - 1) * (graph[$1.0.value].constant?.byteCount ?? 0) }
    guard growth <= limit else { return nil }
    return copied(freely: parts, in: graph)
  }

  /// The graph with a copy for each place, whatever it takes: to see what is tied without them.
  package func copiedThroughout(_ graph: Graph) -> (graph: Graph, values: [[ValueID]]) {
    copied(freely: all.map { $0.uses.map { [$0] } }, in: graph)
  }

  private func copied(freely parts: [[[Use]]], in graph: Graph) -> (graph: Graph, values: [[ValueID]]) {
    let listsWeights = graph.inputs.contains { graph[$0].constant != nil }
    var (result, nodes) = (graph, [Node]())
    let values = zip(all, parts).map { table, parts in
      [table.value]
        + parts.dropFirst().map { part in
          let own = result.copy(table.value, asNode: listsWeights, &nodes)
          for use in part { result[use.node].inputs[use.slot] = own }
          return own
        }
    }
    result.nodes = nodes + result.nodes
    return (result, values)
  }
}
