import ShrinkGraph
import ShrinkMath
import ShrinkOps
import Testing

@testable import ShrinkReduce

@Suite struct EliminationTests {
  /// A dense layer that reads `channels` units, each `block` columns wide, with random rows.
  private static func compensation(
    units: Int, block: Int, outputs: Int, rows: Int, seed: UInt64, hasBias: Bool = true
  ) -> Compensation {
    var rng = SplitMix64(seed: seed)
    let columns = units * block
    let mixing = (0..<columns * columns).map { _ in Float.random(in: -0.4...0.4, using: &rng) }
    var moments = Moments(columns: columns)
    var x: [Float] = []
    for _ in 0..<rows {
      let base = (0..<columns).map { _ in Float.random(in: 0...1, using: &rng) }
      x += (0..<columns).map { j in base[j] + (0..<columns).reduce(0) { $0 + base[$1] * mixing[$1 * columns + j] } }
    }
    x.withUnsafeBufferPointer { moments.add(rows: $0, count: rows) }
    moments.finish()
    let weights = Matrix(
      rows: columns + 1, columns: outputs,
      values: (0..<(columns + 1) * outputs).map { _ in .random(in: -1...1, using: &rng) })
    let site = TestSites.dense(units: units, block: block, outputs: outputs, hasBias: hasBias)
    return Compensation(site: site, moments: moments, weights: weights, ridge: 0)
  }

  /// Squared output error of the least-squares re-fit without some units, relative to the outputs' energy.
  private static func error(_ c: Compensation, removing units: Set<Int>) -> Double {
    var removal = Removal(TestSites.groups(of: c.site))
    for unit in units { removal.removed[0][unit] = true }
    let kept = c.site.keptColumns(removal) + [c.site.columns]
    let fitted = c.weights(removing: removal)
    var difference = c.weights
    for (k, row) in kept.enumerated() { for j in 0..<fitted.columns { difference[row, j] -= fitted[k, j] } }
    let gram = c.moments.augmentedGram
    return difference.transposedTimes(gram * difference).diagonal.reduce(0, +) / c.outputEnergy
  }

  @Test(arguments: [(6, 1), (5, 3), (12, 2)]) func costsAreThoseOfTheRefit(units: Int, block: Int) {
    for seed in 0..<3 as Range<UInt64> {
      let c = Self.compensation(units: units, block: block, outputs: 4, rows: 400, seed: seed)
      var elimination = Elimination(group: 0, count: units, readers: [c])
      let path = elimination.run()
      #expect(Set(path.order).count == units)
      for removed in 1..<units {
        let expected = Self.error(c, removing: Set(path.order.prefix(removed)))
        #expect(abs(path.error[removed] - expected) < 1e-6 * max(expected, 1e-6), "seed \(seed), \(removed) removed")
      }
    }
  }

  @Test func theFirstUnitToGoIsTheCheapest() {
    let c = Self.compensation(units: 7, block: 2, outputs: 3, rows: 300, seed: 11)
    var elimination = Elimination(group: 0, count: 7, readers: [c])
    let first = elimination.run().order[0]
    let costs = (0..<7).map { Self.error(c, removing: [$0]) }
    #expect(costs[first] == costs.min())
  }

  @Test func aGivenOrderIsPricedLikeTheRefit() {
    let c = Self.compensation(units: 5, block: 1, outputs: 3, rows: 300, seed: 12)
    var elimination = Elimination(group: 0, count: 5, readers: [c])
    let order = [3, 1, 4, 0, 2]
    let path = elimination.run(in: order)
    for removed in 1..<5 {
      let expected = Self.error(c, removing: Set(order.prefix(removed)))
      #expect(abs(path.error[removed] - expected) < 1e-6 * max(expected, 1e-6))
    }
  }

  @Test func errorGrowsWithEveryRemoval() {
    let c = Self.compensation(units: 40, block: 1, outputs: 8, rows: 500, seed: 13)
    var elimination = Elimination(group: 0, count: 40, readers: [c])
    let error = elimination.run().error
    #expect(zip(error, error.dropFirst()).allSatisfy { $0 <= $1 })
  }

  /// A weight that is not a number makes its unit the last to go, and costs below zero (pairs, by rounding) no difference.
  @Test(.timeLimit(.minutes(1))) func numbersThatAreNoCostsEndAsWell() {
    let c = Self.compensation(units: 6, block: 1, outputs: 3, rows: 300, seed: 14)
    var weights = c.weights
    weights[2, 1] = .nan
    let broken = Compensation(site: c.site, moments: c.moments, weights: weights, ridge: 0)
    var elimination = Elimination(group: 0, count: 6, readers: [broken])
    let path = elimination.run()
    #expect(path.order.sorted() == Array(0..<6) && path.error.count == 6)
    #expect(!path.error.contains { $0.isNaN })
    var pairs = PairMoments(group: 0, pair: 0, units: 3)
    // b = −a: the sums over both orders of two units are negative.
    pairs.addProducts([[1, -1, 0.1]], [[1, 1, 1]])
    elimination = Elimination(group: 0, count: 3, readers: [], pairs: [pairs])
    #expect(elimination.run().order.sorted() == [0, 1, 2])
  }
}

extension PairMoments {
  /// Adds rows of a and columns of b, one number a unit.
  fileprivate mutating func addProducts(_ a: [[Float]], _ b: [[Float]]) {
    let units = Array(0..<squares.rows)
    let (left, right) = (a.flatMap(\.self), b.flatMap(\.self))
    add(left, rows: a.count, steps: (units.count, 1), right, columns: b.count, stepsB: (1, units.count), units: units)
  }
}
