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
  /// Statistics of the products of two activations, for each group that they sum over.
  package let pairMoments: [PairMoments]

  /// The same with other weights, for what does not look at them: statistics stay those of the old ones.
  func with(_ graph: Graph) -> Prepared {
    Prepared(
      graph: graph, types: types, coupled: coupled, rewrite: rewrite, cost: cost, compensations: compensations,
      ranges: ranges, pairMoments: pairMoments)
  }

  /// The graph without the removed units, its readers compensated from the original's own statistics.
  package func compensated(_ removal: Removal) -> Graph {
    var small = rewrite.apply(removal)
    for (site, compensation) in zip(coupled.sites, compensations) {
      guard let compensation, site.units.contains(where: removal.takes),
        let cut = rewrite.cut(site, removal, in: small)
      else { continue }
      var fitted = compensation.weights(removing: removal)
      if let kept = rewrite.keptOutputs(site, removal) { fitted = fitted.columns(kept) }
      cut.write(fitted, to: &small)
    }
    return small
  }

  /// What a method sees of a group; `gradients` say what the outputs make of each reader's errors.
  package func problem(_ g: Int, _ gradients: OutputGradients? = nil) -> GroupProblem {
    let group = coupled.groups[g]
    let readers = group.readers.compactMap { s in
      compensations[s].map { compensation in
        var weighted = compensation
        weighted.outputWeights = gradients?.sites[s]
        return weighted
      }
    }
    let pairs = pairMoments.filter { $0.group == g }.map { moments in
      var weighted = moments
      weighted.outputWeight = gradients?.pairs[moments.pair]
      return weighted
    }
    return GroupProblem(group: g, count: group.count, readers: readers, pairs: pairs, incoming: incoming(group))
  }

  /// Norm of the weights that make each unit: Σ over producers of the squared columns of their matrices.
  private func incoming(_ group: ChannelGroup) -> [Double] {
    var squares = [Double](repeating: 0, count: group.count)
    for site in coupled.sites where group.producers.contains(site.node) {
      guard let columns = site.columnsMade(of: group) else { continue }
      let matrix = site.matrix(in: graph)
      for (unit, list) in columns.enumerated() {
        for column in list {
          for row in 0..<site.columns { squares[unit] += matrix[row, column] * matrix[row, column] }
        }
      }
    }
    return squares.map { $0.squareRoot() }
  }
}

extension Site {
  /// Columns of the product that make each unit of a group; nil where it makes none, or no result shows it.
  func columnsMade(of group: ChannelGroup) -> [[Int]]? {
    guard let output, let port = reading.output,
      let axis = group.axes.first(where: { $0.axis == ValueAxis(output, port.axis) })
    else { return nil }
    var result = [[Int]](repeating: [], count: group.count)
    let first = reading.firstOutput
    for column in 0..<product.outputs {
      let unit = axis.units[first + column]
      if unit >= 0 { result[Int(unit)].append(column) }
    }
    return result
  }
}
