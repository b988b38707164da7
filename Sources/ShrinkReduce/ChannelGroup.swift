import ShrinkGraph
import ShrinkOps

/// Units that are removed one by one but touch the same axes: the hidden width of a layer, or of everything that is
/// tied to it.
package struct ChannelGroup: Sendable {
  /// How many indices each unit takes of one factor of one segment of an axis (`Coupled.forms`).
  package struct Share: Sendable, Equatable {
    package let segment: Int, factor: Int
    package let perUnit: Int
  }
  /// One axis that shrinks with the group.
  package struct Axis: Sendable {
    /// Which axis of which value.
    package let axis: ValueAxis
    /// The unit that each index belongs to; -1 for indices that are not of this group.
    package let units: [Int32]
    /// How many indices of the axis each unit takes.
    package let perUnit: Int
    /// Where on the axis the units stand.
    package let shares: [Share]
  }
  /// What the units are, for people.
  package enum Kind: Sendable, Equatable {
    /// Channels of a convolution, neurons of a dense layer.
    case channels
    /// Attention heads.
    case heads
    /// Places within every head that queries and keys are multiplied along.
    case queryKeyWidth
    /// Places within every head of the values.
    case valueWidth
    /// Hidden units of a recurrent layer.
    case hiddenUnits
    /// Blocks of this many neighbouring channels.
    case blocks(Int)
    /// The same place in each of this many blocks of channels.
    case places(Int)
  }
  /// Name for people: that of the first node that makes the units, and what they are.
  package let name: String
  /// What the units are.
  package let kind: Kind
  /// How many units there are.
  package let count: Int
  /// Every axis that shrinks with the group.
  package let axes: [Axis]
  /// Linear nodes that make the units.
  package let producers: [NodeID]
  /// Positions in `Coupled.sites` of the linear layers that read the units.
  package let readers: [Int]
  /// Positions in `Coupled.pairs` of the products that sum over the units.
  package let pairs: [Int]
  /// Other nodes that the units pass through.
  package let between: [NodeID]

  /// What tells the group from others, also after units have gone.
  package var identity: [ShareOfAxis] {
    axes.flatMap { axis in axis.shares.map { ShareOfAxis(axis: axis.axis, segment: $0.segment, factor: $0.factor) } }
  }
  /// One factor of one segment of one axis of a graph.
  package struct ShareOfAxis: Hashable, Sendable {
    package let axis: ValueAxis
    package let segment: Int, factor: Int
  }
}

extension ChannelGroup.Kind {
  /// Whether the name of the layer says it all.
  var isPlain: Bool { self == .channels || self == .hiddenUnits }

  /// How people call the units.
  package var text: String {
    switch self {
    case .channels: "channels"
    case .heads: "heads"
    case .queryKeyWidth: "query-key width"
    case .valueWidth: "value width"
    case .hiddenUnits: "hidden units"
    case .blocks(let size): "blocks of \(size)"
    case .places(let count): "places in \(count) blocks"
    }
  }

  /// Tells what the units of a group are from what they pass through.
  init(
    _ g: Int, axes: [ChannelGroup.Axis], producers: [NodeID], between: [NodeID], _ pairs: [UnitPair], _ graph: Graph,
    types: [TensorType?]
  ) {
    func areAttention(_ nodes: [NodeID]) -> Bool { nodes.contains { graph[$0].opType.contains("Attention") } }
    let own = Set(axes.map(\.axis))
    func rank(_ axis: ValueAxis) -> Int { types[axis.value.index]?.shape.count ?? 0 }
    let made = axes.first { axis in producers.contains { graph[$0].outputs.contains(axis.axis.value) } }
    if pairs.contains(where: { pair in pair.units.contains { $0.contains { $0.group == g } } }) {
      self = .queryKeyWidth
    } else if pairs.contains(where: { pair in
      // Operators that take heads × width as one axis sum over the inner factor only.
      own.contains(pair.a) || (0..<max(rank(pair.a) - 2, 0)).contains { own.contains(ValueAxis(pair.a.value, $0)) }
    }) {
      self = .heads
    } else if pairs.contains(where: { pair in own.contains(ValueAxis(pair.b.value, rank(pair.b) - 1)) }) {
      self = .valueWidth
    } else if producers.contains(where: { ["LSTM", "GRU", "RNN"].contains(graph[$0].opType) }) {
      self = .hiddenUnits
    } else if let made, made.perUnit > 1 {
      let first = made.units.firstIndex { $0 >= 0 } ?? 0
      let isBlock = first + 1 < made.units.count && made.units[first + 1] == made.units[first]
      if isBlock {
        self = areAttention(producers) ? .heads : .blocks(made.perUnit)
      } else {
        self = areAttention(between) ? .valueWidth : .places(made.perUnit)
      }
    } else {
      self = .channels
    }
  }
}

/// A product of two activations that sums over units: the scores of queries and keys.
package struct UnitPair: Sendable {
  /// The node.
  package let node: NodeID
  /// The axes of its operands that are summed over together.
  package let a: ValueAxis
  package let b: ValueAxis
  /// The units that each index of these axes belongs to.
  package let units: [[UnitRef]]
  /// Whether any of them may go.
  package var sumsOverUnits: Bool { units.contains { !$0.isEmpty } }
}

/// A unit of a group.
package struct UnitRef: Hashable, Sendable {
  /// Position in `Coupled.groups`.
  package let group: Int
  /// Unit within the group.
  package let unit: Int
}
