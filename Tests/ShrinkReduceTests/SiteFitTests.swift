import ShrinkGraph
import ShrinkMath
import Testing

@testable import ShrinkReduce

@Suite struct SiteFitTests {
  private struct Rows {
    let x: [[Double]]
    let y: [[Double]]
    let moments: Moments

    /// y = x W + b and noise.
    init(_ count: Int, weights: Matrix, noise: Double, seed: UInt64) {
      var rng = SplitMix64(seed: seed)
      let (d, k) = (weights.rows - 1, weights.columns)
      let flat = (0..<count * d).map { _ in Float.random(in: -1...2, using: &rng) }
      x = (0..<count).map { r in (0..<d).map { Double(flat[r * d + $0]) } }
      var targets: [Float] = []
      for r in 0..<count {
        for j in 0..<k {
          let clean = (0..<d).reduce(weights[d, j]) { $0 + Double(flat[r * d + $1]) * weights[$1, j] }
          targets.append(Float(clean + noise * Double.random(in: -1...1, using: &rng)))
        }
      }
      y = (0..<count).map { r in (0..<k).map { Double(targets[r * k + $0]) } }
      var moments = Moments(columns: d, outputs: k)
      flat.withUnsafeBufferPointer { x in
        targets.withUnsafeBufferPointer { moments.add(rows: x, targets: $0, count: count) }
      }
      moments.finish()
      self.moments = moments
    }

    func error(_ w: [[Double]]) -> Double {
      zip(x, y).reduce(0.0) { total, row in
        total
          + row.1.indices.reduce(0.0) { sum, j in
            let made = row.0.indices.reduce(w[row.0.count][j]) { $0 + row.0[$1] * w[$1][j] }
            return sum + (made - row.1[j]) * (made - row.1[j])
          }
      }
    }
  }

  private static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var rng = SplitMix64(seed: seed)
    return Matrix(
      rows: rows, columns: columns, values: (0..<rows * columns).map { _ in .random(in: -1...1, using: &rng) })
  }

  /// argmin Σ |x W − y|² + λ |W − W₀|² with the constant free, from explicit rows.
  private static func plain(_ rows: Rows, prior: Matrix, ridge: Double, hasConstant: Bool) -> [[Double]] {
    let d = prior.rows - 1
    let long = rows.x.map { $0 + (hasConstant ? [1] : []) }
    let width = d + (hasConstant ? 1 : 0)
    var gram = (0..<width).map { i in (0..<width).map { j in long.reduce(0.0) { $0 + $1[i] * $1[j] } } }
    let mean = (0..<d).reduce(0.0) { $0 + gram[$1][$1] } / Double(d)
    let right = (0..<width).map { i in
      (0..<prior.columns).map { j in
        zip(long, rows.y).reduce(0.0) { $0 + $1.0[i] * ($1.1[j]) } + (i < d ? ridge * mean * prior[i, j] : 0)
      }
    }
    for i in 0..<d { gram[i][i] += ridge * mean }
    let solved = solvedPlainly(gram, right)
    return hasConstant ? solved : solved + [prior.row(d)]
  }

  @Test(arguments: [true, false], [0, 1, 2, 3] as [UInt64])
  func solutionIsTheBestRidgeOnRowsKeptAside(hasConstant: Bool, seed: UInt64) {
    let prior = Self.random(5, 2, seed: seed)
    var truth = prior + Self.random(5, 2, seed: seed &+ 10).scaled(0.3)
    if !hasConstant { for j in 0..<2 { truth[4, j] = prior[4, j] } }
    let fit = Rows(9, weights: truth, noise: 1, seed: seed &+ 20)
    let aside = Rows(40, weights: truth, noise: 1, seed: seed &+ 30)
    // Without a constant the targets are those of the product alone.
    let shifted = hasConstant ? prior : prior.withLastRow([0, 0])
    let candidates = SiteFit.ridges.map { Self.plain(fit, prior: shifted, ridge: $0, hasConstant: hasConstant) }
    let all = candidates + [(0..<5).map { shifted.row($0) }]
    let best = all.min { aside.error($0) < aside.error($1) } ?? []
    let found = SiteFit(prior: shifted, hasConstant: hasConstant).solve(
      fit: fit.moments, aside: aside.moments, final: false)
    for i in 0..<5 { for j in 0..<2 { #expect(abs(found[i, j] - best[i][j]) < 1e-6, "seed \(seed)") } }
  }

  @Test func manyExactRowsOverruleThePrior() {
    let truth = Self.random(6, 3, seed: 1)
    let fit = Rows(500, weights: truth, noise: 0, seed: 2)
    let aside = Rows(100, weights: truth, noise: 0, seed: 3)
    let fitter = SiteFit(prior: Self.random(6, 3, seed: 4), hasConstant: true)
    for final in [false, true] {
      let found = fitter.solve(fit: fit.moments, aside: aside.moments, final: final)
      #expect((found - truth).frobeniusNorm < 1e-4)
    }
  }

  @Test func priorStaysWhereRowsOnlyMislead() {
    let truth = Self.random(6, 3, seed: 5)
    let fit = Rows(7, weights: Self.random(6, 3, seed: 6), noise: 3, seed: 7)
    let aside = Rows(100, weights: truth, noise: 0, seed: 8)
    let found = SiteFit(prior: truth, hasConstant: true).solve(fit: fit.moments, aside: aside.moments, final: true)
    #expect(found == truth)
  }

  /// With `final` the rows kept aside join the fit.
  @Test func lastFitUsesAllRows() {
    let truth = Self.random(4, 1, seed: 9)
    let fit = Rows(30, weights: truth, noise: 0.5, seed: 10)
    let aside = Rows(30, weights: truth, noise: 0.5, seed: 11)
    let fitter = SiteFit(prior: Matrix(rows: 4, columns: 1), hasConstant: true)
    let found = fitter.solve(fit: fit.moments, aside: aside.moments, final: true)
    let first = fitter.solve(fit: fit.moments, aside: aside.moments, final: false)
    func total(_ m: Matrix) -> Double { [fit, aside].reduce(0) { $0 + $1.error((0..<4).map { m.row($0) }) } }
    #expect(total(found) < total(first))
  }
}

extension Matrix {
  fileprivate func scaled(_ factor: Double) -> Matrix {
    Matrix(rows: rows, columns: columns, values: values.map { $0 * factor })
  }
  fileprivate func withLastRow(_ row: [Double]) -> Matrix {
    Matrix(rows: rows, columns: columns, values: values.dropLast(columns) + row)
  }
}
