import ShrinkGraph
import ShrinkMath

/// The re-fit of a site whose rows are too wide for a Gram matrix.
///
/// Conjugate gradients on the normal equations of Σ |x W − y|², the constant term among the unknowns, start at the prior and
/// stop where rows kept aside are met best: directions in which the rows vary much come first, so that few steps are to the
/// prior what a strong ridge is in `SiteFit`. Memory and time of a step grow with rows × columns, not with columns².
/// Source: CGLS (Hestenes and Stiefel 1952; Björck, Numerical Methods for Least Squares Problems, 1996, 7.4), for
/// stopping as regularisation Hansen, Rank-Deficient and Discrete Ill-Posed Problems, 1998, 6.3.
struct WideFit {
  /// Most steps.
  private static let most = 60
  /// Steps without a better error aside after which no better one is expected.
  private static let patience = 10

  private let prior: Matrix
  private let hasConstant: Bool

  /// `prior`: columns + 1 × outputs, the constant term last.
  init(prior: Matrix, hasConstant: Bool) {
    self.prior = prior
    self.hasConstant = hasConstant
  }

  /// The fitted matrix, columns + 1 × outputs: as many steps on `fit` (and on `aside` if `final`) as suit `aside` best.
  ///
  /// Throws `internal` when a product of matrices fails.
  func solve(fit: SampledRows, aside: SampledRows, final: Bool) throws(ShrinkError) -> Matrix {
    do throws(MathError) {
      return try found(fit: fit, aside: aside, final: final)
    } catch { throw ShrinkError(.internal, "a wide layer could not be fitted: \(error)") }
  }

  private func found(fit: SampledRows, aside: SampledRows, final: Bool) throws(MathError) -> Matrix {
    guard fit.count > 0, aside.count > 0 else { return prior }
    var descent = try Descent(prior, fit, hasConstant: hasConstant)
    var best = (error: try Residuals(prior, aside).energy, steps: 0, matrix: prior)
    for step in 1...Self.most {
      guard step - best.steps <= Self.patience, try descent.advance() else { break }
      let error = try Residuals(descent.matrix, aside).energy
      if error < best.error * (1 - 1e-9) { best = (error, step, descent.matrix) }
    }
    guard final, best.steps > 0 else { return best.matrix }
    var all = fit
    all.add(aside)
    var again = try Descent(prior, all, hasConstant: hasConstant)
    for _ in 0..<best.steps where try !again.advance() { break }
    return again.matrix
  }
}

/// The state of conjugate gradients, which take each output for a problem of its own.
///
/// The constant term is always the best one: residuals have no mean.
private struct Descent {
  private let rows: SampledRows
  /// Mean of each column; nil where there is no constant term.
  private let means: [Double]?
  /// y − x W.
  private var residuals: Residuals
  /// Direction, columns × outputs, and squared norm of the last gradient, of each output.
  private var direction: Matrix
  private var norms: [Double]
  /// Columns + 1 × outputs.
  private(set) var matrix: Matrix

  init(_ start: Matrix, _ rows: SampledRows, hasConstant: Bool) throws(MathError) {
    self.rows = rows
    matrix = start
    residuals = try Residuals(start, rows)
    means = hasConstant ? rows.columnMeans : nil
    if hasConstant {
      for (j, mean) in residuals.removeMeans().enumerated() { matrix[rows.columns, j] += mean }
    }
    direction = try residuals.gradient(rows)
    norms = Self.squares(direction)
  }

  /// One step; false where nothing is left to gain.
  mutating func advance() throws(MathError) -> Bool {
    guard norms.contains(where: { $0 > 0 && $0.isFinite }) else { return false }
    let way = withConstant(direction)
    let change = try Residuals.product(way, rows)
    let squares = Residuals.squares(change, outputs: rows.outputs)
    let lengths = zip(norms, squares).map { $1 > 0 && $0.isFinite ? $0 / $1 : 0 }
    for i in 0..<matrix.rows { for j in 0..<matrix.columns { matrix[i, j] += lengths[j] * way[i, j] } }
    residuals.subtract(change, lengths)
    let gradient = try residuals.gradient(rows)
    let new = Self.squares(gradient)
    for i in 0..<direction.rows {
      for j in 0..<direction.columns {
        direction[i, j] = gradient[i, j] + (norms[j] > 0 ? new[j] / norms[j] : 0) * direction[i, j]
      }
    }
    norms = new
    return true
  }

  /// The direction with the change of the constant term that goes with it below.
  private func withConstant(_ direction: Matrix) -> Matrix {
    let constant = (0..<direction.columns).map { j in
      -(means ?? []).enumerated().reduce(0) { $0 + $1.element * direction[$1.offset, j] }
    }
    return Matrix(rows: direction.rows + 1, columns: direction.columns, values: direction.values + constant)
  }

  private static func squares(_ matrix: Matrix) -> [Double] {
    (0..<matrix.columns).map { j in (0..<matrix.rows).reduce(0) { $0 + matrix[$1, j] * matrix[$1, j] } }
  }
}

/// What is left of the targets, rows × outputs.
private struct Residuals {
  private let outputs: Int
  private var values: [Float]

  /// y − x W.
  init(_ matrix: Matrix, _ rows: SampledRows) throws(MathError) {
    outputs = rows.outputs
    values = zip(rows.y, try Self.product(matrix, rows)).map { $0 - $1 }
  }

  /// Their sum of squares.
  var energy: Double { values.reduce(0) { $0 + Double($1) * Double($1) } }

  mutating func subtract(_ change: [Float], _ lengths: [Double]) {
    let lengths = lengths.map(Float.init)
    values.withUnsafeMutableBufferPointer { values in
      for i in values.indices { values[i] -= lengths[i % outputs] * change[i] }
    }
  }

  /// Takes the mean of each output away, and returns it.
  mutating func removeMeans() -> [Double] {
    var means = [Double](repeating: 0, count: outputs)
    for (i, value) in values.enumerated() { means[i % outputs] += Double(value) }
    let count = Double(max(values.count / max(outputs, 1), 1))
    for j in means.indices { means[j] /= count }
    for i in values.indices { values[i] -= Float(means[i % outputs]) }
    return means
  }

  /// Xᵀ E, columns × outputs.
  func gradient(_ rows: SampledRows) throws(MathError) -> Matrix {
    var product = [Float](repeating: 0, count: rows.columns * outputs)
    try Self.gemm(rows.x, values, &product) { (x, e, out) throws(MathError) in
      try Gemm.single(transposeA: true, m: rows.columns, n: outputs, k: rows.count, a: x, b: e, c: out)
    }
    return Matrix(rows: rows.columns, columns: outputs, values: product.map(Double.init))
  }

  /// X W, the last row of W being the constant term.
  static func product(_ matrix: Matrix, _ rows: SampledRows) throws(MathError) -> [Float] {
    let constant = matrix.row(rows.columns).map(Float.init)
    let weights = matrix.values.prefix(rows.columns * rows.outputs).map(Float.init)
    var made = [Float](repeating: 0, count: rows.count * rows.outputs)
    try gemm(rows.x, weights, &made) { (x, w, out) throws(MathError) in
      try Gemm.single(m: rows.count, n: rows.outputs, k: rows.columns, a: x, b: w, c: out)
    }
    made.withUnsafeMutableBufferPointer { made in for i in made.indices { made[i] += constant[i % rows.outputs] } }
    return made
  }

  static func squares(_ values: [Float], outputs: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: outputs)
    for (i, value) in values.enumerated() { sums[i % outputs] += Double(value) * Double(value) }
    return sums
  }

  private static func gemm(
    _ a: [Float], _ b: [Float], _ c: inout [Float],
    _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) throws(MathError) -> Void
  ) throws(MathError) {
    try c.withUnsafeMutableBufferPointer { (c) throws(MathError) in
      try a.withUnsafeBufferPointer { (a) throws(MathError) in
        try b.withUnsafeBufferPointer { (b) throws(MathError) in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          try body(a, b, c)
        }
      }
    }
  }
}
