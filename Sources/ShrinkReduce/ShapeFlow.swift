import ShrinkGraph
import ShrinkRun

/// Which sizes that Shape and Size deliver anything really uses.
///
/// A size that is only moved about and then dropped, as by a Gather that takes another, holds no axis.
package struct ShapeFlow: Sendable {
  private let graph: Graph
  private let types: [TensorType?]
  private let read: Set<AxisPlace>
  /// Values that something reads.
  private let used: Set<ValueID>

  /// Follows all sizes of a graph.
  package init(_ graph: Graph, types: [TensorType?]) throws(ShrinkError) {
    self.graph = graph
    self.types = types
    read = try ElementOrigins(graph, types: types).read
    used = Set(graph.nodes.flatMap(\.inputs).compactMap(\.self)).union(graph.outputs).union(graph.captured())
  }

  /// Axes of the operand of a Shape or Size node whose size decides something; none for any other node.
  package func axesThatMatter(_ node: NodeID) -> Set<Int> {
    let node = graph[node]
    guard node.domain.isEmpty, let operand = node.inputs.first ?? nil, let output = node.outputs.first ?? nil,
      used.contains(output)
    else { return [] }
    switch node.opType {
    case "Shape":
      return Set(ElementOrigins.sizes(node, of: operand, types).filter(read.contains).map(\.axis))
    case "Size":
      return Set((types[operand.index]?.shape ?? []).indices)
    default:
      return []
    }
  }
}
