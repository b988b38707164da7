import ShrinkGraph

/// Units that are removed one by one but touch the same axes: the hidden width of a layer, or of everything that is
/// tied to it.
package struct ChannelGroup: Sendable {
  /// One axis that shrinks with the group.
  package struct Axis: Sendable {
    /// Which axis of which value.
    package let axis: ValueAxis
    /// The unit that each index belongs to; -1 for indices that are not of this group.
    package let units: [Int32]
    /// How many indices of the axis each unit takes.
    package let perUnit: Int
  }
  /// Name for people: that of the first node that makes the units.
  package let name: String
  /// How many units there are.
  package let count: Int
  /// Every axis that shrinks with the group.
  package let axes: [Axis]
  /// Linear nodes that make the units.
  package let producers: [NodeID]
  /// Positions in `Coupled.sites` of the linear nodes that read the units.
  package let readers: [Int]
  /// Other nodes that the units pass through.
  package let between: [NodeID]
}

/// A unit of a group.
package struct UnitRef: Hashable, Sendable {
  /// Position in `Coupled.groups`.
  package let group: Int
  /// Unit within the group.
  package let unit: Int
}

/// A linear layer of the network that cannot give units up, and why.
package struct PinnedLayer: Sendable, Equatable, Codable {
  /// The node.
  package let node: String
  /// How many output units it has.
  package let width: Int
  /// What forbids it.
  package let reason: String
}
