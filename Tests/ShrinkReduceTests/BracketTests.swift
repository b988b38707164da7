import Foundation
import Testing

@testable import ShrinkReduce

@Suite struct BracketTests {
  /// One group of many units; the distance predicted grows as a power of what went.
  private static func allocation(units: Int) -> Allocation {
    let distances = (0..<units).map { pow(Double($0) / Double(units), 3) }
    return Allocation(
      counts: [units], steps: [1], sensitivity: Sensitivity(paths: [], distances: [distances])
    ) { Double($0[0]) / Double(units) }
  }

  /// Searches for the least width whose measured error is allowed, with at most `trials` measurements.
  private static func search(
    _ allocation: Allocation, allowed: Double, trials: Int, _ measured: (Int) -> Double
  ) -> (best: Int?, tried: [Int]) {
    var bracket = Bracket(allocation, start: log(allowed))
    var tried: [Int] = []
    for _ in 0..<trials {
      guard let budget = bracket.next(), let point = allocation.point(within: budget) else { break }
      tried.append(point.widths[0])
      bracket.note(point, budget: budget, excess: log(measured(point.widths[0]) / allowed))
    }
    return (bracket.best?.widths[0], tried)
  }

  @Test(arguments: [1.0, 0.2, 8.0], [0.02, 0.1, 0.5]) func findsTheLeastWidthThatDoes(factor: Double, allowed: Double) {
    let units = 400
    let measured = { (width: Int) in factor * pow(Double(units - width) / Double(units), 1.3) + 1e-9 }
    let wanted = (1...units).first { measured($0) <= allowed } ?? units
    let (best, tried) = Self.search(Self.allocation(units: units), allowed: allowed, trials: 8, measured)
    let found = best ?? units
    #expect(measured(found) <= allowed)
    #expect(Double(found) <= Double(wanted) * 1.15 + 2, "wanted \(wanted), tried \(tried)")
  }

  @Test func aRightPredictionIsTheFirstTrial() {
    let units = 1_000
    let measured = { (width: Int) in pow(Double(units - width) / Double(units), 1.5) }
    let (_, tried) = Self.search(Self.allocation(units: units), allowed: 0.1, trials: 1, measured)
    let wanted = (1...units).first { measured($0) <= 0.1 } ?? 0
    #expect(abs((tried.first ?? 0) - wanted) <= 15, "tried \(tried), wanted \(wanted)")
  }

  @Test func nothingIsFoundWhereEveryWidthFails() {
    let (best, tried) = Self.search(Self.allocation(units: 100), allowed: 0.1, trials: 20) { _ in 5 }
    #expect(best == nil)
    #expect(tried == tried.sorted(), "after a failure the budget grows")
  }

  @Test func everythingGoesWhereEveryWidthDoes() {
    let (best, tried) = Self.search(Self.allocation(units: 100), allowed: 0.1, trials: 30) { _ in 1e-6 }
    #expect(best == 1, "tried \(tried)")
  }

  /// Four widths only: most budgets buy the same one, which is measured once.
  @Test(arguments: 1...4) func widthsInStepsAreTriedOnce(least: Int) {
    let units = 40
    let distances = (0..<units).map { Double($0) / 1_000 }
    let allocation = Allocation(
      counts: [units], steps: [10], sensitivity: Sensitivity(paths: [], distances: [distances])
    ) { Double($0[0]) / Double(units) }
    let (best, tried) = Self.search(allocation, allowed: 0.1, trials: 8) { $0 < least * 10 ? 0.2 : 0.05 }
    #expect(Set(tried).count == tried.count, "tried \(tried)")
    #expect((best ?? units) == least * 10, "tried \(tried)")
  }

  /// Any unit of the first group costs as much as most of them, so the path jumps; the goal lies within the jump.
  ///
  /// The last group makes widths differ at every budget.
  @Test func theSearchDoesNotStayBelowAJumpOfThePath() {
    let units = 100
    let jump: [Double] = (0..<units).map { $0 == 0 ? 0 : 4.4e-3 + 1e-6 * Double($0) }
    let slope: [Double] = (0..<units).map { gone in
      let (easy, hard) = (Double(min(gone, 40)), Double(max(gone - 40, 0)))
      return 2e-5 * easy + 1e-3 * hard
    }
    let allocation = Allocation(
      counts: [units, units, units], steps: [1, 1, 1],
      sensitivity: Sensitivity(paths: [], distances: [jump, slope, (0..<units).map { 1e-9 * Double($0) }])
    ) { 0.45 * Double($0[0] + $0[1]) / Double(units) + 0.1 * Double($0[2]) / Double(units) }
    var bracket = Bracket(allocation, start: log(0.05))
    for _ in 0..<8 {
      guard let budget = bracket.next(), let point = allocation.point(within: budget) else { break }
      bracket.note(point, budget: budget, excess: log(1.2 * point.distance.squareRoot() / 0.05))
    }
    let found = bracket.best?.widths ?? [units, units]
    #expect(found[0] == units && found[1] <= 65, "found \(found)")
  }

  @Test(arguments: [0.05, 0.2]) func whatIsKnownSavesTrials(allowed: Double) {
    let units = 400
    let measured = { (width: Int) in 2.5 * pow(Double(units - width) / Double(units), 1.3) + 1e-9 }
    let allocation = Self.allocation(units: units)
    var known: [(point: Allocation.Point, budget: Double, excess: Double)] = []
    func search(_ allowed: Double) -> (best: Int?, trials: Int) {
      var bracket = Bracket(allocation, start: log(allowed))
      bracket.recall(known.map { ($0.point, $0.budget, log(measured($0.point.widths[0]) / allowed)) })
      let before = known.count
      while let budget = bracket.next(), let point = allocation.point(within: budget) {
        known.append((point, budget, 0))
        bracket.note(point, budget: budget, excess: log(measured(point.widths[0]) / allowed))
      }
      return (bracket.best?.widths[0], known.count - before)
    }
    let first = search(allowed)
    let second = search(0.9 * allowed)
    #expect(second.trials < first.trials, "\(first.trials) trials, then \(second.trials)")
    #expect(measured(second.best ?? 0) <= 0.9 * allowed)
    #expect(measured((second.best ?? 0) - units / 40) > 0.9 * allowed)
    #expect(search(allowed).trials <= 1)
  }

  @Test func anInfiniteErrorIsAFailureLikeAnother() {
    let (best, _) = Self.search(Self.allocation(units: 100), allowed: 0.1, trials: 12) { $0 < 60 ? .infinity : 0.01 }
    #expect((best ?? 0) >= 60 && (best ?? 0) <= 70)
  }
}
