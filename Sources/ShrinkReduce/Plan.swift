import ShrinkGraph

/// Which units stay: plain data that can be printed, saved and replayed.
package struct Plan: Sendable, Equatable, Codable {
  /// One group's part.
  package struct Entry: Sendable, Equatable, Codable {
    /// Name of the group.
    package let group: String
    /// How many units it had.
    package let units: Int
    /// Units that stay, ascending.
    package let kept: [Int]
  }
  /// One entry a group.
  package let entries: [Entry]

  /// Describes a removal.
  package init(_ groups: [ChannelGroup], _ removal: Removal) {
    entries = groups.enumerated().map { g, group in
      Entry(group: group.name, units: group.count, kept: (0..<group.count).filter { !removal.removed[g][$0] })
    }
  }

  private init(_ entries: [Entry]) { self.entries = entries }

  /// The same groups with all of their units.
  fileprivate var keepingAll: Plan {
    Plan(entries.map { Entry(group: $0.group, units: $0.units, kept: Array(0..<$0.units)) })
  }
}

/// What a network costs.
package struct Size: Sendable, Equatable, Codable {
  /// Elements of the weights.
  package let parameters: Int
  /// Multiply-accumulates of one sample.
  package let macs: Int

  /// Makes a size.
  package init(parameters: Int, macs: Int) {
    self.parameters = parameters
    self.macs = macs
  }
}

/// What happened to a group.
package struct GroupChange: Sendable, Equatable, Codable {
  /// Name of the group.
  package let name: String
  /// Nodes that make its units.
  package let producers: [String]
  /// Nodes that read them.
  package let readers: [String]
  /// Nodes between.
  package let between: [String]
  /// Width before.
  package let before: Int
  /// Width after.
  package let after: Int
}

/// A reduced graph and what was done.
package struct Reduction: Sendable {
  /// The reduced graph.
  package let graph: Graph
  /// Which units stay.
  package let plan: Plan
  /// Every group, changed or not.
  package let groups: [GroupChange]
  /// Units that cannot go, and why.
  package let pinned: [PinnedUnits]
  /// Cost of the original and of the result.
  package let before: Size
  package let after: Size
  /// Error on the calibration samples that were kept aside.
  package let expectedError: Double?
  /// Agreement on them in per cent.
  package let expectedAgreement: Double?
  /// What the user should know.
  package let diagnostics: [Diagnostic]
}

extension Reduction {
  /// The original itself in place of what was made of it.
  package func keepingAll(_ original: Graph) -> Reduction {
    let all = groups.map { group in
      GroupChange(
        name: group.name, producers: group.producers, readers: group.readers, between: group.between,
        before: group.before, after: group.before)
    }
    return Reduction(
      graph: original, plan: plan.keepingAll, groups: all, pinned: pinned, before: before, after: before,
      expectedError: expectedError.map { _ in 0 }, expectedAgreement: expectedAgreement.map { _ in 100 },
      diagnostics: diagnostics)
  }
}
