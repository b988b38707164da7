import ShrinkGraph
import ShrinkReduce
import ShrinkReport

/// Groups of units as `inspect` lists them.
struct InspectedGroups {
  private let graph: Graph
  private let coupled: Coupled
  private let cost: Cost
  private let types: [TensorType?]
  private let words: UnitWords
  private let widths: [Int]
  private let parameters: Double

  /// `cost` knows the groups.
  init(_ graph: Graph, _ coupled: Coupled, _ cost: Cost, types: [TensorType?]) {
    self.graph = graph
    self.coupled = coupled
    self.cost = cost
    self.types = types
    words = UnitWords(graph)
    widths = coupled.groups.map(\.count)
    parameters = cost.parameters(widths)
  }

  /// All groups, in the order of the layers that make them.
  var all: [Inventory.Group] {
    let first = coupled.groups.map { ($0.producers + $0.between).min() ?? NodeID(graph.nodes.count) }
    return coupled.groups.indices.sorted { (first[$0], $0) < (first[$1], $1) }.map(group)
  }

  private func group(_ g: Int) -> Inventory.Group {
    let group = coupled.groups[g]
    var without = widths
    without[g] = 0
    let own = parameters - cost.parameters(without)
    let readers = Set(group.readers.flatMap { coupled.sites[$0].applications })
    let makers = words.makers(of: group)
    let outputs = outputs(group, makers)
    let pairs = Set(group.pairs.map { coupled.pairs[$0].node })
    let passed = group.between.filter { !pairs.contains($0) && !makers.contains($0) }
    func labels(_ nodes: Set<NodeID>) -> [String] { nodes.sorted().map(graph.label) }
    return Inventory.Group(
      name: group.name, kind: words.text(group), units: group.count, of: outputs.of,
      outputsPerUnit: outputs.perUnit, parameters: Int(own.rounded()),
      parameterShare: parameters > 0 ? 100 * own / parameters : 0,
      madeBy: makers.map(graph.label),
      passesThrough: passed.map(words.passing), readBy: labels(readers),
      multipliedBy: labels(pairs), axes: group.axes.map(axis))
  }

  /// How many outputs of a layer that makes them go with each unit, and how many units stand beside each other there.
  private func outputs(_ group: ChannelGroup, _ makers: [NodeID]) -> (perUnit: Int, of: Int) {
    let made = Set(makers.flatMap { graph[$0].outputs }.compactMap { $0 })
    let axes = group.axes.filter { made.contains($0.axis.value) }
    // With several indices a unit, others on the axis are other factors of the same channels.
    let sizes = axes.filter { $0.perUnit == 1 }.map(\.units.count)
    return (axes.first?.perUnit ?? 1, sizes.min() ?? group.count)
  }

  private func axis(_ axis: ChannelGroup.Axis) -> Inventory.Group.Axis {
    let value = axis.axis.value
    return Inventory.Group.Axis(
      tensor: graph[value].name, axis: axis.axis.axis, size: types[value.index]?.shape[axis.axis.axis] ?? 0,
      perUnit: axis.perUnit, isWeight: graph[value].constant != nil)
  }
}
