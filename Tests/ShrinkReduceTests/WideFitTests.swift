import ShrinkGraph
import ShrinkMath
import Testing

@testable import ShrinkReduce

@Suite struct WideFitTests {
  /// Rows of positive values with a common part, as behind a ReLU, and targets that `matrix` makes of them plus noise.
  private static func rows(_ count: Int, _ matrix: Matrix, noise: Double, seed: UInt64) -> SampledRows {
    var rng = SplitMix64(seed: seed)
    func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &rng) } }
    var rows = SampledRows(columns: matrix.rows - 1, outputs: matrix.columns)
    for _ in 0..<count {
      let common = normal()
      let x = (0..<rows.columns).map { c in max(0, normal() + common) * (c % 5 == 0 ? 10 : 1) }
      let y = (0..<rows.outputs).map { j in
        (x + [1]).enumerated().reduce(noise * normal()) { $0 + $1.element * matrix[$1.offset, j] }
      }
      rows.add(rows: x.map(Float.init), targets: y.map(Float.init), count: 1)
    }
    return rows
  }

  private static func matrix(_ columns: Int, _ outputs: Int, seed: UInt64) -> Matrix {
    var rng = SplitMix64(seed: seed)
    return Matrix(
      rows: columns + 1, columns: outputs,
      values: (0..<(columns + 1) * outputs).map { _ in Double.random(in: -1...1, using: &rng) })
  }

  private static func distance(_ a: Matrix, _ b: Matrix) -> Double {
    zip(a.values, b.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// Mean squared error of a matrix on rows.
  private static func error(_ matrix: Matrix, _ rows: SampledRows) -> Double {
    (0..<rows.count).reduce(0) { sum, r in
      (0..<rows.outputs).reduce(sum) { sum, j in
        var made = matrix[rows.columns, j]
        for c in 0..<rows.columns { made += Double(rows.x[r * rows.columns + c]) * matrix[c, j] }
        let left = made - Double(rows.y[r * rows.outputs + j])
        return sum + left * left
      }
    } / Double(rows.count)
  }

  @Test(arguments: [false, true]) func findsTheMatrixThatMadeTheTargets(final: Bool) throws {
    let (truth, prior) = (Self.matrix(12, 3, seed: 1), Self.matrix(12, 3, seed: 2))
    let fitter = WideFit(prior: prior, hasConstant: true)
    let fitted = try fitter.solve(
      fit: Self.rows(400, truth, noise: 0, seed: 3), aside: Self.rows(100, truth, noise: 0, seed: 4), final: final)
    #expect(Self.distance(fitted, truth) < 1e-2 * Self.distance(prior, truth))
  }

  @Test func isAsGoodAsRidgeLeastSquaresWhereBothCan() throws {
    let truth = Self.matrix(40, 4, seed: 5)
    let prior = truth + 0.3 * Self.matrix(40, 4, seed: 6)
    let (fit, aside) = (Self.rows(60, truth, noise: 1, seed: 7), Self.rows(60, truth, noise: 1, seed: 8))
    let fresh = Self.rows(2_000, truth, noise: 0, seed: 9)
    func moments(_ rows: SampledRows) -> Moments {
      var moments = Moments(columns: rows.columns, outputs: rows.outputs)
      moments.add(rows: rows.x, targets: rows.y, count: rows.count)
      moments.finish()
      return moments
    }
    let wide = try WideFit(prior: prior, hasConstant: true).solve(fit: fit, aside: aside, final: false)
    let ridge = SiteFit(prior: prior, hasConstant: true).solve(fit: moments(fit), aside: moments(aside), final: false)
    #expect(Self.error(wide, fresh) < 0.7 * Self.error(prior, fresh))
    #expect(Self.error(wide, fresh) < 1.5 * Self.error(ridge, fresh))
  }

  /// Targets aside that follow the prior show that what the rows say is chance.
  @Test func staysAtThePriorWhereRowsAsideDoNotGain() throws {
    let prior = Self.matrix(30, 2, seed: 10)
    let fitter = WideFit(prior: prior, hasConstant: true)
    let fitted = try fitter.solve(
      fit: Self.rows(20, Self.matrix(30, 2, seed: 11), noise: 0, seed: 12),
      aside: Self.rows(50, prior, noise: 0, seed: 13), final: true)
    #expect(fitted == prior)
  }

  @Test func aLayerWithoutConstantTermGetsNone() throws {
    let truth = Self.matrix(6, 2, seed: 14)
    var prior = Self.matrix(6, 2, seed: 15)
    for j in 0..<2 { prior[6, j] = 0 }
    let fitter = WideFit(prior: prior, hasConstant: false)
    let fitted = try fitter.solve(
      fit: Self.rows(100, truth, noise: 0, seed: 16), aside: Self.rows(50, truth, noise: 0, seed: 17), final: true)
    #expect(fitted.row(6) == [0, 0])
    #expect(fitted != prior)
  }

  @Test func deadColumnsKeepTheirWeights() throws {
    let (truth, prior) = (Self.matrix(3, 1, seed: 18), Self.matrix(3, 1, seed: 19))
    func rows(_ count: Int, seed: UInt64) -> SampledRows {
      let whole = Self.rows(count, truth, noise: 0, seed: seed)
      var rows = SampledRows(columns: 3, outputs: 1)
      for r in 0..<count {
        let x = [whole.x[r * 3], 0, whole.x[r * 3 + 2]]
        rows.add(rows: x, targets: [x[0] - 2 * x[2]], count: 1)
      }
      return rows
    }
    let fitted = try WideFit(prior: prior, hasConstant: true).solve(
      fit: rows(100, seed: 20), aside: rows(50, seed: 21), final: false)
    #expect(fitted[1, 0] == prior[1, 0])
    #expect(abs(fitted[0, 0] - 1) < 1e-3 && abs(fitted[2, 0] + 2) < 1e-3)
  }
}
