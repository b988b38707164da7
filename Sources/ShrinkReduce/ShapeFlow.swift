import ShrinkGraph
import ShrinkOps
import ShrinkRun

/// Which sizes that Shape and Size deliver anything really uses.
///
/// A size that is only moved about and then dropped, as by a Gather that takes another, holds no axis.
package struct ShapeFlow: Sendable {
  private let graph: Graph
  private let types: [TensorType?]
  private let origins: ElementOrigins
  private let producers: [NodeID?]
  /// Values that something reads.
  private let used: Set<ValueID>

  /// Follows all sizes of a graph.
  package init(_ graph: Graph, types: [TensorType?]) throws(ShrinkError) {
    self.graph = graph
    self.types = types
    origins = try ElementOrigins(graph, types: types)
    producers = graph.producers()
    used = Set(graph.nodes.flatMap(\.inputs).compactMap(\.self)).union(graph.outputs).union(graph.captured())
  }

  /// What is known of the elements of a node's operands that are computed, by slot.
  func elements(of node: Node) -> [Int: [Coupling.Element]] {
    var result: [Int: [Coupling.Element]] = [:]
    for (slot, value) in node.inputs.enumerated() {
      guard let value, graph[value].constant == nil, let own = origins[value] else { continue }
      let literals = producers[value.index].flatMap { graph.literals(of: $0) }
      result[slot] = own.enumerated().map { position, element in
        switch element {
        case .constant(let number): return literals?[position] == nil ? .number(number) : .literal(number)
        case .size(let place):
          guard let at = node.inputs.firstIndex(of: place.value) else { return .open }
          return .size(.input(at, place.axis))
        case .other: return .open
        }
      }
    }
    return result
  }

  /// Axes of the operand of a Shape or Size node whose size decides something; none for any other node.
  package func axesThatMatter(_ node: NodeID) -> Set<Int> {
    let node = graph[node]
    guard node.domain.isEmpty, let operand = node.inputs.first ?? nil, let output = node.outputs.first ?? nil,
      used.contains(output)
    else { return [] }
    switch node.opType {
    case "Shape":
      return Set(ElementOrigins.sizes(node, of: operand, types).filter(origins.read.contains).map(\.axis))
    case "Size":
      return Set((types[operand.index]?.shape ?? []).indices)
    default:
      return []
    }
  }
}

extension Graph {
  /// The numbers that a Where puts into an operand that is computed, by position, where constants of its own say so.
  func literals(of node: NodeID) -> [Int: Int]? {
    let node = self[node]
    guard node.domain.isEmpty, node.opType == "Where", node.inputs.count == 3, let condition = node.inputs[0],
      let chosen = node.inputs[1], let mask = self[condition].constant, let values = self[chosen].constant?.integers,
      let flags = mask.integers, mask.rank == 1, flags.count == values.count
    else { return nil }
    return Dictionary(uniqueKeysWithValues: values.indices.filter { flags[$0] != 0 }.map { ($0, values[$0]) })
  }
}
