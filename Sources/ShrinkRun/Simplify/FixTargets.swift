import ShrinkGraph
import ShrinkOps

/// Turns targets of Reshape and Expand that are computed from shapes into constants, where that is the same for every
/// size of the inputs.
///
/// Exporters write Shape → Gather → Unsqueeze → Concat → Reshape. An element of the target that is always the size of
/// the operand's axis at the same place becomes 0, one that no input changes becomes that number, and at most one other
/// becomes −1. Expand's become 1, which keeps an axis. Integers that no input changes become constants wherever they
/// are read. A size is known by following it from Shape (`ElementOrigins`); sizes of two values are equal when operators
/// tie their axes whole and inference for other sizes agrees (`AxisSizes`).
///
/// What is left is seen to by `NeutralSizes`. Left alone: zeros with `allowzero`, networks that could not be inferred for other sizes.
package struct FixTargets: Sendable {
  /// Makes the step.
  package init() {}

  /// Rewrites the graph; returns whether anything changed.
  ///
  /// `types` are those of `Inference` for any concrete shape of the inputs.
  package func apply(to graph: inout Graph, types: [TensorType?]) throws(ShrinkError) -> Bool {
    guard Self.hasShapes(graph) else { return false }
    let trials = SizeTrials(graph, types: types)
    guard trials.isConclusive else { return false }
    var sizes = AxisSizes(trials, types: types)
    let origins = try ElementOrigins(graph, types: types) { sizes.fixed($0) }
    sizes.uniteAll(graph, types, origins)
    var nodes: [Node] = []
    let isTargeted = fixTargets(&graph, types, origins, sizes, nodes: &nodes)
    let isFixed = fixConstants(&graph, types, origins, nodes: &nodes)
    var neutral = try NeutralSizes(graph, types: types, origins: origins, sizes: sizes)
    let isFreed = neutral.apply(to: &graph)
    graph.nodes = nodes + neutral.constants + graph.nodes
    return isFixed || isTargeted || isFreed
  }

  private static func hasShapes(_ graph: Graph) -> Bool {
    graph.nodes.contains { $0.domain.isEmpty && ($0.opType == "Shape" || $0.opType == "Size") }
  }

  /// Lets readers of integers that no input changes read a constant instead.
  private func fixConstants(
    _ graph: inout Graph, _ types: [TensorType?], _ origins: ElementOrigins, nodes: inout [Node]
  ) -> Bool {
    let uses = graph.uses()
    var hasChanged = false
    for node in graph.nodes where !node.isConstant {
      for value in node.outputs.compactMap(\.self) where origins.isConstant(value) {
        // Readers with constant results are passed over: their own readers get them.
        let readers = uses[value.index].filter { use in
          !graph[use.node].outputs.allSatisfy { $0.map(origins.isConstant) ?? true }
        }
        guard !readers.isEmpty, let constant = types[value.index]?.constant else { continue }
        let own = graph.addOwnConstant(named: graph[value].name + "_fixed", constant, nodes: &nodes)
        for use in readers { graph[use.node].inputs[use.slot] = own }
        hasChanged = true
      }
    }
    return hasChanged
  }

  /// Gives every Reshape and Expand whose target can be constant a constant of its own.
  private func fixTargets(
    _ graph: inout Graph, _ types: [TensorType?], _ origins: ElementOrigins, _ sizes: AxisSizes, nodes: inout [Node]
  ) -> Bool {
    var hasChanged = false
    for id in graph.nodes.indices.map({ NodeID($0) }) {
      guard let target = Self.target(graph[id], graph, types, origins, sizes), let old = graph[id].inputs[1] else {
        continue
      }
      let tensor = Tensor(shape: [target.count], target.map(Int64.init))
      graph[id].inputs[1] = graph.addOwnConstant(named: graph[old].name + "_fixed", tensor, nodes: &nodes)
      graph[id].attributes.removeAll { $0.name == "allowzero" }
      hasChanged = true
    }
    return hasChanged
  }

  /// The constant target of a Reshape or Expand whose target is computed; nil for any other node.
  private static func target(
    _ node: Node, _ graph: Graph, _ types: [TensorType?], _ origins: ElementOrigins, _ sizes: AxisSizes
  ) -> [Int]? {
    guard node.domain.isEmpty, node.inputs.count == 2, let data = node.inputs[0], let target = node.inputs[1],
      graph[target].constant == nil, let elements = origins[target], types[target.index]?.shape.count == 1,
      let rank = types[data.index]?.shape.count
    else { return nil }
    switch node.opType {
    case "Reshape":
      // Where 0 may be a size, it is none unless it is written.
      let isSize = node.attributes.contains { $0.name == "allowzero" && $0.isNotZero }
      guard !isSize || !elements.contains(.constant(0)) else { return nil }
      return reshape(elements) {
        $0 < rank ? AxisPlace(data, $0) : nil
      } areEqual: {
        sizes.areEqual($0, $1)
      }
    case "Expand":
      return expand(elements) { axis in
        let own = axis + rank - elements.count
        return own >= 0 ? AxisPlace(data, own) : nil
      } areEqual: {
        sizes.areEqual($0, $1)
      }
    default: return nil
    }
  }

  private static func reshape(
    _ elements: [ElementOrigin], place: (Int) -> AxisPlace?, areEqual: (AxisPlace, AxisPlace) -> Bool
  ) -> [Int]? {
    var target: [Int] = []
    for (axis, element) in elements.enumerated() {
      switch element {
      case .constant(let number): target.append(number)
      case .size(let size): target.append(place(axis).map { areEqual($0, size) } == true ? 0 : -1)
      case .other: target.append(-1)
      }
    }
    return target.count { $0 == -1 } <= 1 ? target : nil
  }

  private static func expand(
    _ elements: [ElementOrigin], place: (Int) -> AxisPlace?, areEqual: (AxisPlace, AxisPlace) -> Bool
  ) -> [Int]? {
    var target: [Int] = []
    for (axis, element) in elements.enumerated() {
      switch element {
      case .constant(let number): target.append(number)
      case .size(let size):
        guard let own = place(axis), areEqual(own, size) else { return nil }
        target.append(1)
      case .other: return nil
      }
    }
    return target
  }
}

extension Attribute {
  fileprivate var isNotZero: Bool { if case .int(0) = value { false } else { true } }
}
