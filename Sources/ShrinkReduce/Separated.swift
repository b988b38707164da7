import ShrinkGraph
import ShrinkOps
import ShrinkRun

/// A simplified graph in which as much as possible can go on its own.
///
/// Networks that shuffle, cut an axis in two and join it again, block after block (ShuffleNet V2), leave no axis that is a
/// product of the same sizes throughout, so that no unit could go. A list of indices has a place for every channel and needs
/// none of them: shuffles become lists where more units can go then. Where grouped convolutions or equal halves agree with a
/// shuffle, it stays as it is. Layers that nothing but a small table ties get a copy of it each.
package struct Separated: Sendable {
  /// The graph.
  package let graph: Graph
  /// Types of its values.
  package let types: [TensorType?]
  /// What could not be inferred.
  let diagnostics: [Diagnostic]
  /// What can shrink in it.
  package let coupled: Coupled

  /// Chooses for each shuffle and each table; `inputs` gives the type of every real input, by name.
  package init(_ simplified: Simplified, inputs: [String: TensorType]) throws(ShrinkError) {
    self = try Separated(simplified.graph, simplified.inference).withLists(inputs).withTables(inputs)
  }

  /// Couples a graph as it stands.
  init(_ graph: Graph, inputs: [String: TensorType]) throws(ShrinkError) {
    var types: [ValueID: TensorType] = [:]
    for input in graph.realInputs { types[input] = inputs[graph[input].name] }
    try self.init(graph, try Inference(graph, inputs: types))
  }

  private init(_ graph: Graph, _ inference: Inference) throws(ShrinkError) {
    self.graph = graph
    (types, diagnostics) = (inference.types, inference.diagnostics)
    coupled = try Coupled(graph, types: types)
  }
}

// MARK: Shuffles

extension Separated {
  /// The graph in the form in which most of its weights can go, as it is where no other is better.
  private func withLists(_ inputs: [String: TensorType]) throws(ShrinkError) -> Separated {
    let shuffles = try ChannelShuffles(graph, types: types)
    guard !shuffles.all.isEmpty else { return self }
    let all = try Separated(shuffles.gathered(shuffles.all, in: graph), inputs: inputs)
    let (now, then) = (freeIndices(of: shuffles.all, in: graph), all.freeIndices(of: shuffles.all, in: graph))
    let better = shuffles.all.indices.filter { then[$0] > now[$0] }.map { shuffles.all[$0] }
    if better.isEmpty { return self }
    if better.count == shuffles.all.count { return Self.freer(self, all) }
    return Self.freer(Self.freer(self, try Separated(shuffles.gathered(better, in: graph), inputs: inputs)), all)
  }

  private static func freer(_ a: Separated, _ b: Separated) -> Separated {
    b.freeIndicesOfWeights > a.freeIndicesOfWeights ? b : a
  }

  /// How many indices of the axes of constants are units of groups.
  private var freeIndicesOfWeights: Int {
    coupled.groups.flatMap(\.axes).filter { graph[$0.axis.value].constant != nil }
      .reduce(0) { $0 + $1.units.count { $0 >= 0 } }
  }

  /// How many of the indices that each shuffle moves are units of groups; the shuffles are those of `original`.
  private func freeIndices(of shuffles: [ChannelShuffles.Shuffle], in original: Graph) -> [Int] {
    var free: [String: [Int: Int]] = [:]
    for entry in coupled.groups.flatMap(\.axes) where graph[entry.axis.value].constant == nil {
      free[graph[entry.axis.value].name, default: [:]][entry.axis.axis, default: 0] += entry.units.count { $0 >= 0 }
    }
    return shuffles.map { shuffle in
      let result = original[shuffle.node].outputs[0].map { original[$0].name }
      return result.flatMap { free[$0]?[shuffle.axis] } ?? 0
    }
  }
}

// MARK: Tables

extension Separated {
  /// The graph with copies of tables for layers that nothing else ties; as it is where that frees nothing.
  private func withTables(_ inputs: [String: TensorType]) throws(ShrinkError) -> Separated {
    let tables = SharedTables(graph)
    guard !tables.all.isEmpty else { return self }
    let (trial, values) = tables.copiedThroughout(graph)
    let roles = try Separated(trial, inputs: inputs).roles()
    // Readers that are tied in other ways keep one copy in common.
    let parts = zip(tables.all, values).map { table, values in
      var places: [[Role]: Int] = [:]
      var parts: [[Use]] = []
      for (use, value) in zip(table.uses, values) {
        let own = roles[value] ?? []
        let at = places[own] ?? parts.count
        if at == parts.count { parts.append([]) }
        places[own] = at
        parts[at].append(use)
      }
      return parts
    }
    guard parts.contains(where: { $0.count > 1 }), let copied = tables.copied(parts, in: graph)?.graph else {
      return self
    }
    let apart = try Separated(copied, inputs: inputs)
    func units(_ coupled: Coupled) -> Int { coupled.groups.reduce(0) { $0 + $1.count } }
    return units(apart.coupled) > units(coupled) ? apart : self
  }

  /// What an axis of a value is to a group.
  private struct Role: Hashable {
    let group: Int
    let axis: Int
    let units: [Int32]
  }

  /// What each constant is to the groups that it stands in.
  private func roles() -> [ValueID: [Role]] {
    var roles: [ValueID: [Role]] = [:]
    for (g, group) in coupled.groups.enumerated() {
      for entry in group.axes where graph[entry.axis.value].constant != nil {
        roles[entry.axis.value, default: []].append(Role(group: g, axis: entry.axis.axis, units: entry.units))
      }
    }
    return roles
  }
}
