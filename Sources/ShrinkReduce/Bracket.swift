import Foundation

/// The search for the least budget that meets a target: first where the prediction says, corrected by what was measured,
/// then between a budget that fails and one that does.
struct Bracket {
  /// How far below the target later trials aim, in logarithms: aimed at the target itself, trials that come ever
  /// closer may all fail by a hair.
  private static let reserve = 0.03

  private let allocation: Allocation
  /// Largest budget known to fail and least known to do, with the measured excess (logarithm of measured over allowed).
  private var low: (budget: Double, excess: Double?)
  private var high: (budget: Double, excess: Double?)
  /// Logarithm of the predicted distance at which the target should be met.
  private var goal: Double
  /// The widths that failed last.
  private var failed: Allocation.Point?
  /// How many trials there were.
  private var trials = 0
  /// The least point that does.
  private(set) var best: Allocation.Point?

  init(_ allocation: Allocation, start: Double) {
    self.allocation = allocation
    goal = start
    low = ((allocation.path.last?.cost ?? 1) * 0.999, nil)
    high = (allocation.path.first?.cost ?? 1, nil)
  }

  /// The next budget to try; nil when the bracket is narrow enough.
  func next() -> Double? {
    guard var budget = guess() else { return nil }
    // Widths come in steps: budgets that buy no more than what has failed are passed over.
    while let failed, allocation.point(within: budget) == failed {
      budget = (budget * high.budget).squareRoot()
      guard high.budget > budget * 1.001 else { return nil }
    }
    return budget
  }

  private func guess() -> Double? {
    guard high.budget > low.budget * 1.01, allocation.path.count > 1 else { return nil }
    let ends = (low: log(low.budget), high: log(high.budget))
    let guess: Double
    if let a = low.excess, let b = high.excess, a > b {
      // Outputs that are no numbers give no slope: halve.
      guess = ends.low + (a.isFinite ? a / (a - b) : 0.5) * (ends.high - ends.low)
    } else {
      // The path may jump over the goal: the side that is predicted to meet it.
      let over = allocation.path.firstIndex { Self.level($0) >= goal } ?? allocation.path.count
      guess = log(max(allocation.path[max(over - 1, 0)].cost, 1e-30))
    }
    let isClosed = low.excess != nil && high.excess != nil
    // Where predictions keep failing on one side, steps grow until the other side is found.
    let growth = exp2(Double(trials))
    let margin = min(isClosed ? 0.15 : 0.02 * growth, 0.5) * (ends.high - ends.low)
    // Some networks bear next to nothing: the first steps from the whole network are small.
    let top = isClosed ? margin : min(margin, 0.004 * growth)
    return exp(min(max(guess, ends.low + margin), ends.high - top))
  }

  /// Takes in what earlier searches have measured: the widest that fails, and the narrowest that does above it.
  mutating func recall(_ known: [(point: Allocation.Point, budget: Double, excess: Double)]) {
    let failed = known.filter { $0.excess > 0 }.max { $0.budget < $1.budget }
    if let failed { note(failed.point, budget: failed.budget, excess: failed.excess) }
    let done = known.filter { $0.excess <= 0 && $0.budget > low.budget }.min { $0.budget < $1.budget }
    if let done { note(done.point, budget: done.budget, excess: done.excess) }
    trials = 0
  }

  /// Takes in what a trial has measured.
  mutating func note(_ point: Allocation.Point, budget: Double, excess: Double) {
    if excess <= 0 {
      high = (min(budget, point.cost), excess)
      best = point
    } else {
      low = (budget, excess)
      failed = point
    }
    trials += 1
    goal = Self.level(point) - excess - Self.reserve
  }

  private static func level(_ point: Allocation.Point) -> Double { 0.5 * log(max(point.distance, 1e-30)) }
}
