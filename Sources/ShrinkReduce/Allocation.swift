/// How many units each group keeps: widths under a budget that minimise the predicted distance at the outputs.
///
/// Distances of groups add up in squares. The greedy path narrows, step by step, the group that buys the most budget for
/// the least distance, looking several steps ahead where curves are not convex (as in ZipLM and SPDY); at the budget
/// asked, exchanges between groups polish the widths.
package struct Allocation: Sendable {
  /// A point of the greedy path.
  package struct Point: Sendable, Equatable {
    /// Width of each group.
    package let widths: [Int]
    /// What it costs, in the unit of the budget.
    package let cost: Double
    /// Predicted squared distance at the outputs.
    package let distance: Double
  }

  private let counts: [Int]
  private let steps: [Int]
  private let distances: [[Double]]
  private let measure: @Sendable ([Int]) -> Double
  /// The greedy path, from all units to the least.
  package let path: [Point]

  /// Walks the greedy path.
  ///
  /// `steps`: multiples that widths are kept to, 0 for groups that keep their width; `measure`: cost at given widths.
  package init(
    counts: [Int], steps: [Int], sensitivity: Sensitivity, measure: @escaping @Sendable ([Int]) -> Double
  ) {
    self.counts = counts
    self.steps = steps
    self.measure = measure
    distances = sensitivity.distances
    path = Self.walk(counts, steps, sensitivity.distances, measure)
  }

  private static func walk(
    _ counts: [Int], _ steps: [Int], _ distances: [[Double]], _ measure: ([Int]) -> Double
  ) -> [Point] {
    var widths = counts
    var cost = measure(widths)
    var path = [Point(widths: widths, cost: cost, distance: 0)]
    while true {
      var best: (rate: Double, group: Int, width: Int)?
      for g in widths.indices where steps[g] > 0 {
        for reach in [1, 2, 4, 8] {
          guard let width = narrower(widths[g], steps[g], reach) else { break }
          var next = widths
          next[g] = width
          let gain = cost - measure(next)
          let loss = distances[g][counts[g] - width] - distances[g][counts[g] - widths[g]]
          let rate = max(loss, 0) / max(gain, 1e-30)
          if best.map({ rate < $0.rate }) ?? true { best = (rate, g, width) }
        }
      }
      guard let best else { return path }
      widths[best.group] = best.width
      cost = measure(widths)
      path.append(Point(widths: widths, cost: cost, distance: total(widths, counts, distances)))
    }
  }

  /// The multiple `reach` steps below a width; nil below one step, where one unit is the least.
  private static func narrower(_ width: Int, _ step: Int, _ reach: Int) -> Int? {
    let next = ((width + step - 1) / step - reach) * step
    return next >= step ? next : width > 1 && step == 1 && next >= 1 ? next : nil
  }

  private static func total(_ widths: [Int], _ counts: [Int], _ distances: [[Double]]) -> Double {
    widths.indices.reduce(0) { $0 + distances[$1][counts[$1] - widths[$1]] }
  }

  /// The best widths that cost at most `budget`; nil when even the narrowest cost more.
  package func point(within budget: Double) -> Point? {
    guard let first = path.first(where: { $0.cost <= budget }) else { return nil }
    var widths = first.widths
    for _ in 0..<500 {
      guard let better = improved(widths, budget) else { break }
      widths = better
    }
    return Point(widths: widths, cost: measure(widths), distance: Self.total(widths, counts, distances))
  }

  /// The best single widening, or exchange of one group's width for another's, that stays within the budget.
  private func improved(_ widths: [Int], _ budget: Double) -> [Int]? {
    let now = Self.total(widths, counts, distances)
    var best: (distance: Double, widths: [Int]) = (now * (1 - 1e-9), [])
    for up in widths.indices where steps[up] > 0 && widths[up] < counts[up] {
      for reach in [1, 2, 4] {
        var wide = widths
        wide[up] = min(counts[up], (widths[up] / steps[up] + reach) * steps[up])
        let distance = Self.total(wide, counts, distances)
        guard distance < best.distance else { continue }
        if measure(wide) <= budget {
          best = (distance, wide)
          continue
        }
        for down in widths.indices where down != up && steps[down] > 0 {
          for reach in [1, 2, 4] {
            guard let width = Self.narrower(widths[down], steps[down], reach) else { break }
            var exchanged = wide
            exchanged[down] = width
            let distance = Self.total(exchanged, counts, distances)
            if distance < best.distance, measure(exchanged) <= budget { best = (distance, exchanged) }
          }
        }
      }
    }
    return best.widths.isEmpty ? nil : best.widths
  }

  /// Multiples that suit a group: what the user asks, or a sixteenth of its width up to 8.
  package static func step(width: Int, roundTo: Int?) -> Int {
    if let roundTo { return max(1, min(roundTo, width)) }
    var step = 1
    while step < 8, step * 32 <= width { step *= 2 }
    return step
  }
}
