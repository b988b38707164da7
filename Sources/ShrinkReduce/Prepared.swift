import ShrinkGraph
import ShrinkMath

/// A coupled graph with the statistics of its sites: what every later step works on.
package struct Prepared: Sendable {
  /// The graph.
  package let graph: Graph
  /// Types of its values for the probe inputs.
  package let types: [TensorType?]
  /// Groups and sites.
  package let coupled: Coupled
  /// Cuts axes.
  package let rewrite: Rewrite
  /// Costs at given widths.
  package let cost: Cost
  /// One entry a site; nil for sites that read no units.
  package let compensations: [Compensation?]
  /// One entry a site.
  package let ranges: [SiteRange]

  /// The graph without the removed units, its readers compensated from the original's own statistics.
  package func compensated(_ removal: Removal) -> Graph {
    var small = rewrite.apply(removal)
    for (site, compensation) in zip(coupled.sites, compensations) {
      guard let compensation, site.units.contains(where: { $0.map(removal.contains) ?? false }) else { continue }
      var fitted = compensation.weights(removing: removal)
      if let kept = rewrite.kept(ValueAxis(site.output, site.outputAxis), removal) { fitted = fitted.columns(kept) }
      site.cut(removal, in: small).write(fitted, to: &small)
    }
    return small
  }

  /// What a method sees of a group.
  package func problem(_ g: Int) -> GroupProblem {
    let group = coupled.groups[g]
    return GroupProblem(
      group: g, count: group.count, readers: group.readers.compactMap { compensations[$0] }, incoming: incoming(group))
  }

  /// Norm of the weights that make each unit: Σ over producers of the squared columns of their matrices.
  private func incoming(_ group: ChannelGroup) -> [Double] {
    var squares = [Double](repeating: 0, count: group.count)
    for site in coupled.sites where group.producers.contains(site.node) {
      let output = ValueAxis(site.output, site.outputAxis)
      guard let axis = group.axes.first(where: { $0.axis == output }) else { continue }
      let matrix = site.matrix(in: graph)
      for (column, unit) in axis.units.enumerated() where unit >= 0 {
        for row in 0..<site.columns { squares[Int(unit)] += matrix[row, column] * matrix[row, column] }
      }
    }
    return squares.map { $0.squareRoot() }
  }
}
