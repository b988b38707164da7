import ShrinkGraph
import Testing

@testable import ShrinkReduce

@Suite struct AllocationTests {
  /// Three groups whose distances grow with every unit, in random curves, and what their widths cost.
  private struct Problem {
    let counts: [Int]
    let prices: [Double]
    let sensitivity: Sensitivity

    init(counts: [Int], seed: UInt64, isConvex: Bool = false) {
      var rng = SplitMix64(seed: seed)
      self.counts = counts
      prices = counts.map { _ in Double.random(in: 1...5, using: &rng) }
      let distances = counts.map { count -> [Double] in
        let scale = Double.random(in: 0.1...2, using: &rng)
        var total = 0.0
        return (0..<count).map { i in
          defer { total += scale * (isConvex ? Double(i + 1) : Double.random(in: 0.01...1, using: &rng)) }
          return total
        }
      }
      sensitivity = Sensitivity(paths: [], distances: distances)
    }

    /// Groups of a chain cost the products of neighbours.
    var measure: @Sendable ([Int]) -> Double {
      { [prices] w in
        w.indices.reduce(0) { $0 + prices[$1] * Double(w[$1]) + ($1 > 0 ? Double(w[$1] * w[$1 - 1]) : 0) }
      }
    }

    func distance(_ widths: [Int]) -> Double {
      widths.indices.reduce(0) { $0 + sensitivity.distances[$1][counts[$1] - widths[$1]] }
    }
  }

  private static func isAllowed(_ width: Int, _ count: Int, _ step: Int) -> Bool {
    step == 0 ? width == count : width == count || (width > 0 && width % step == 0)
  }

  @Test(arguments: 0..<10 as Range<UInt64>) func neverOverTheBudgetAndMultiplesKept(seed: UInt64) {
    let problem = Problem(counts: [20, 33, 16, 9], seed: seed)
    let steps = [4, 8, 1, 0]
    let allocation = Allocation(
      counts: problem.counts, steps: steps, sensitivity: problem.sensitivity, measure: problem.measure)
    let full = problem.measure(problem.counts)
    for share in stride(from: 1.0, to: 0.02, by: -0.03) {
      let least = problem.measure([4, 8, 1, 9])
      guard let point = allocation.point(within: share * full) else {
        #expect(share * full < least, "seed \(seed): a budget of \(share) can be met")
        continue
      }
      #expect(point.cost <= share * full && point.cost == problem.measure(point.widths))
      #expect(abs(point.distance - problem.distance(point.widths)) < 1e-9)
      for g in steps.indices { #expect(Self.isAllowed(point.widths[g], problem.counts[g], steps[g])) }
    }
  }

  @Test func pathNarrowsStepByStepToTheLeast() {
    let problem = Problem(counts: [12, 10], seed: 3)
    let path = Allocation(
      counts: [12, 10], steps: [4, 1], sensitivity: problem.sensitivity, measure: problem.measure
    ).path
    #expect(path.first == Allocation.Point(widths: [12, 10], cost: problem.measure([12, 10]), distance: 0))
    #expect(path.last?.widths == [4, 1])
    for (a, b) in zip(path, path.dropFirst()) {
      #expect(zip(a.widths, b.widths).allSatisfy { $0 >= $1 } && a.widths != b.widths && b.cost < a.cost)
    }
  }

  /// Every choice of widths of three small groups, tried.
  @Test(arguments: 0..<20 as Range<UInt64>) func isNearTheBestOfAllChoices(seed: UInt64) {
    let problem = Problem(counts: [8, 6, 7], seed: seed, isConvex: seed % 2 == 0)
    let allocation = Allocation(
      counts: problem.counts, steps: [1, 1, 1], sensitivity: problem.sensitivity, measure: problem.measure)
    let full = problem.measure(problem.counts)
    for share in [0.8, 0.5, 0.3, 0.15] {
      var best = Double.infinity
      for a in 1...8 {
        for b in 1...6 {
          for c in 1...7 where problem.measure([a, b, c]) <= share * full {
            best = min(best, problem.distance([a, b, c]))
          }
        }
      }
      guard let point = allocation.point(within: share * full) else {
        #expect(best == .infinity, "seed \(seed): a budget of \(share) can be met")
        continue
      }
      #expect(point.distance <= best * 1.25 + 1e-12, "seed \(seed), share \(share): \(point.distance), best \(best)")
    }
  }

  /// One group can lose all but two units for nothing, the other nothing without loss.
  @Test func plantedCurvesAreFound() {
    let distances = [[0, 0, 0, 0, 0, 0, 9, 99], [0, 5, 10, 15, 20, 25, 30, 35]] as [[Double]]
    let allocation = Allocation(
      counts: [8, 8], steps: [1, 1], sensitivity: Sensitivity(paths: [], distances: distances)
    ) { Double($0[0] + $0[1]) }
    #expect(allocation.point(within: 11)?.widths == [3, 8] && allocation.point(within: 11)?.distance == 0)
    #expect(allocation.point(within: 10.5)?.widths == [3, 7])
    #expect(allocation.point(within: 9)?.distance == 10)
  }

  /// A cliff and then nothing more: looking one step ahead would never go over it.
  @Test func cliffsAreLookedBeyond() {
    let distances = [[0, 6, 6, 6, 6, 6, 6, 6], [0, 1, 2, 3, 4, 5, 6, 70]] as [[Double]]
    let allocation = Allocation(
      counts: [8, 8], steps: [1, 1], sensitivity: Sensitivity(paths: [], distances: distances)
    ) { Double($0[0] + $0[1]) }
    #expect(allocation.point(within: 9)?.distance == 6)
  }

  @Test(
    arguments: [
      (8, nil, 1), (31, nil, 1), (32, nil, 2), (64, nil, 4), (128, nil, 8), (4_096, nil, 8), (5, 8, 5), (64, 16, 16),
      (64, 0, 1),
    ] as [(Int, Int?, Int)])
  func stepSuitsTheWidth(width: Int, roundTo: Int?, expected: Int) {
    #expect(Allocation.step(width: width, roundTo: roundTo) == expected)
  }
}
