import ShrinkGraph
import ShrinkOps

/// Where a linear layer with constant weights reads units: there a relation between units is absorbed.
package struct Site: Sendable {
  /// Where the constant term of the layer stands.
  package enum BiasPlace: Sendable, Equatable {
    /// In this operand of the node.
    case operand(Int)
    /// In this operand, once it is added.
    case absent(Int)
    /// In the constant operand of the Add that alone reads the result.
    case add(NodeID, slot: Int)
    /// Nowhere: the layer has no constant term.
    case none
  }
  /// The node.
  package let node: NodeID
  /// The activation that it reads.
  package let data: ValueID
  /// Its weight.
  package let weight: ValueID
  /// Its result.
  package let output: ValueID
  /// Its rules.
  package let rule: any LinearOperator
  /// Its sizes, for the shapes that the graph was coupled with.
  package let product: LinearProduct
  /// Axis of the result that the columns of the product stand on.
  package let outputAxis: Int
  /// The constant term.
  package let bias: BiasPlace
  /// The unit that each channel of the contracted axis belongs to; nil for channels that stay.
  package let units: [UnitRef?]

  /// Position in `Coupled.sites`.
  package let index: Int

  /// Columns of a row.
  package var columns: Int { product.channels * product.taps }
  /// Whether any of its channels belongs to a group.
  package var readsUnits: Bool { units.contains { $0 != nil } }
  /// Whether a constant can be absorbed.
  package var hasBias: Bool { bias != .none }

  /// The same site in a graph that was cut: what a removal leaves of its channels and outputs.
  package func cut(_ removal: Removal, in graph: Graph) -> Site {
    let channels = units.count { $0.map { !removal.contains($0) } ?? true }
    let size = graph[weight].constant?.count ?? 0
    let small = LinearProduct(
      channels: channels, taps: product.taps, outputs: size / max(channels * product.taps, 1), positions: 0,
      isPadded: product.isPadded)
    return Site(
      node: node, data: data, weight: weight, output: output, rule: rule, product: small, outputAxis: outputAxis,
      bias: bias, units: [UnitRef?](repeating: nil, count: channels), index: index)
  }

  /// Columns of a row that belong to each unit of a group, in the order of the axis.
  package func columns(of group: Int, count: Int) -> [[Int]] {
    var result = [[Int]](repeating: [], count: count)
    for (channel, unit) in units.enumerated() {
      guard let unit, unit.group == group else { continue }
      result[unit.unit] += channel * product.taps..<(channel + 1) * product.taps
    }
    return result
  }

  /// Columns of a row that stay when units are removed.
  package func keptColumns(_ removed: Removal) -> [Int] {
    units.indices.filter { channel in units[channel].map { !removed.contains($0) } ?? true }
      .flatMap { $0 * product.taps..<($0 + 1) * product.taps }
  }
}

/// Which units of each group are removed.
package struct Removal: Sendable, Equatable {
  /// For each group, whether each unit is removed.
  package var removed: [[Bool]]

  /// Removes nothing.
  package init(_ groups: [ChannelGroup]) { removed = groups.map { [Bool](repeating: false, count: $0.count) } }

  /// Whether a unit is removed.
  package func contains(_ unit: UnitRef) -> Bool { removed[unit.group][unit.unit] }

  /// How many units of a group stay.
  package func width(_ group: Int) -> Int { removed[group].count { !$0 } }
}
