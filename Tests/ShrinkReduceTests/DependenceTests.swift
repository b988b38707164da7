import ShrinkGraph
import ShrinkMath
import Testing

@testable import ShrinkReduce

@Suite struct DependenceTests {
  /// Activations of `units` for `rows` samples, computed by `make` from independent positive numbers.
  private static func activations(
    rows: Int, seed: UInt64, _ make: (inout SplitMix64) -> [Double]
  ) -> [[Double]] {
    var rng = SplitMix64(seed: seed)
    return (0..<rows).map { _ in make(&rng) }
  }

  private static func evidence(_ x: [[Double]], weights: Matrix) -> Dependence.Evidence {
    let rows = Matrix(x.map { $0 + [1] })
    return Dependence.Evidence(gram: rows.transposedTimes(rows), weights: weights.timesTransposed(weights))
  }

  private static func outputs(_ x: [[Double]], _ weights: Matrix) -> Matrix { Matrix(x) * weights }

  /// What readers deliver after the removal must be what they delivered before.
  private static func check(_ found: Dependence, _ x: [[Double]], _ weights: Matrix) {
    var absorbed = Matrix(rows: found.kept.count + 1, columns: weights.columns)
    for j in 0..<weights.columns {
      for (k, unit) in found.kept.enumerated() { absorbed[k, j] = weights[unit, j] }
      for (r, unit) in found.removed.enumerated() {
        for k in 0...found.kept.count { absorbed[k, j] += found.mix[r, k] * weights[unit, j] }
      }
    }
    let small = Matrix(x.map { row in found.kept.map { row[$0] } + [1] }) * absorbed
    let error = (small - outputs(x, weights)).frobeniusNorm / outputs(x, weights).frobeniusNorm
    #expect(error < 1e-6, "relative error \(error)")
  }

  private static func randomWeights(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var rng = SplitMix64(seed: seed)
    return Matrix(
      rows: rows, columns: columns, values: (0..<rows * columns).map { _ in .random(in: -1...1, using: &rng) })
  }

  @Test func independentUnitsStay() {
    let x = Self.activations(rows: 200, seed: 1) { rng in (0..<6).map { _ in max(.random(in: -1...1, using: &rng), 0) }
    }
    let weights = Self.randomWeights(6, 3, seed: 2)
    let found = Dependence(units: 6, evidence: [Self.evidence(x, weights: weights)], usesConstant: true)
    #expect(found.kept == Array(0..<6))
  }

  @Test func scaledDuplicatesDeadAndConstantUnitsGo() {
    let x = Self.activations(rows: 200, seed: 3) { rng in
      let a = max(Double.random(in: -1...1, using: &rng), 0)
      let b = max(Double.random(in: -1...1, using: &rng), 0)
      return [a, 0, 2.5 * a, b, 0.7]
    }
    let weights = Self.randomWeights(5, 4, seed: 4)
    let found = Dependence(units: 5, evidence: [Self.evidence(x, weights: weights)], usesConstant: true)
    #expect(found.kept.count == 2)
    Self.check(found, x, weights)
  }

  @Test func constantUnitStaysWhereNoConstantCanBeAbsorbed() {
    let x = Self.activations(rows: 200, seed: 5) { rng in [Double.random(in: 0...1, using: &rng), 0.7, 0.7] }
    let weights = Self.randomWeights(3, 2, seed: 6)
    let found = Dependence(units: 3, evidence: [Self.evidence(x, weights: weights)], usesConstant: false)
    #expect(found.kept.count == 2)
    Self.check(found, x, weights)
  }

  /// relu(z), relu(-z), relu(z + 9) and a constant that cancels: four units that read as one.
  @Test(arguments: 0..<10) func alwaysOnUnitsCollapseToTheOriginal(seed: UInt64) {
    let x = Self.activations(rows: 400, seed: seed) { rng in
      (0..<4).flatMap { _ -> [Double] in
        let z = Double.random(in: -2...2, using: &rng)
        return [z + 9, max(z, 0), max(-z, 0), 3]
      }
    }
    var weights = Matrix(rows: 16, columns: 5)
    let own = Self.randomWeights(4, 5, seed: seed &+ 100)
    let share = Self.randomWeights(4, 5, seed: seed &+ 200)
    for u in 0..<4 {
      for j in 0..<5 {
        let alpha = share[u, j]
        weights[4 * u, j] = alpha
        weights[4 * u + 1, j] = own[u, j] - alpha
        weights[4 * u + 2, j] = alpha
        weights[4 * u + 3, j] = -alpha * 9 / 3
      }
    }
    let found = Dependence(units: 16, evidence: [Self.evidence(x, weights: weights)], usesConstant: false)
    #expect(found.kept.count == 4, "seed \(seed): kept \(found.kept)")
    Self.check(found, x, weights)
  }

  @Test func unreadUnitsGoAndOneStays() {
    let x = Self.activations(rows: 50, seed: 8) { rng in (0..<3).map { _ in .random(in: 0...1, using: &rng) } }
    let found = Dependence(
      units: 3, evidence: [Self.evidence(x, weights: Matrix(rows: 3, columns: 2))], usesConstant: true)
    #expect(found.kept.count == 1)
  }
}
