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
  /// Every node that applies the same weights, `node` first.
  package let applications: [NodeID]
  /// The activation that it reads; nil for one that its node makes and nobody else reads.
  package let data: ValueID?
  /// Its weight.
  package let weight: ValueID
  /// Its result; nil where no result shows what the layer makes.
  package let output: ValueID?
  /// Its operator.
  package let rule: any LinearOperator
  /// Position among the operator's linear maps, and how many there are.
  package let part: (position: Int, count: Int)
  /// Its linear map, for the shapes that the graph was coupled with.
  package let reading: any LinearReading
  /// The constant term.
  package let bias: BiasPlace
  /// The units that each channel of the map belongs to: it goes when one of them goes; empty for channels that stay.
  package let units: [[UnitRef]]

  /// Position in `Coupled.sites`.
  package let index: Int

  /// Its sizes, for the shapes that the graph was coupled with.
  package var product: LinearProduct { reading.product }
  /// Columns of a row.
  package var columns: Int { product.channels * product.taps }
  /// Whether any of its channels belongs to a group.
  package var readsUnits: Bool { units.contains { !$0.isEmpty } }
  /// Whether a constant can be absorbed.
  package var hasBias: Bool { bias != .none }
  /// Whether its weights are applied once, so that they may be fitted to what comes in there.
  package var isSingle: Bool { applications.count == 1 }

  /// Columns of a row that belong to each unit of a group, in the order of the axis.
  package func columns(of group: Int, count: Int) -> [[Int]] {
    var result = [[Int]](repeating: [], count: count)
    for (channel, list) in units.enumerated() {
      for unit in list where unit.group == group {
        result[unit.unit] += channel * product.taps..<(channel + 1) * product.taps
      }
    }
    return result
  }

  /// Columns of a row that stay when units are removed.
  package func keptColumns(_ removed: Removal) -> [Int] {
    units.indices.filter { !removed.takes(units[$0]) }
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

  /// Whether what belongs to these units goes.
  package func takes(_ units: [UnitRef]) -> Bool { units.contains(where: contains) }

  /// How many units of a group stay.
  package func width(_ group: Int) -> Int { removed[group].count { !$0 } }
}
