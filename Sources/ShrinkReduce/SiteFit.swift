import ShrinkMath

/// The re-fit of one site against targets: ridge least squares that shrinks towards a prior.
///
/// Minimises Σ |x W − y|² + λ |W − W₀|² with the constant term free, where W₀ is the compensation found from the
/// original's own statistics. So few rows leave the prior as it is and many rows overrule it. λ is the one of `ridges`
/// that fits rows kept aside best; the prior itself (λ = ∞) is among the candidates.
package struct SiteFit {
  /// Ridges that are tried, as shares of the mean diagonal of the Gram matrix.
  static let ridges: [Double] = [1e-6, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 10]

  private let prior: Matrix
  private let hasConstant: Bool

  /// `prior`: columns + 1 × outputs, the constant term last.
  init(prior: Matrix, hasConstant: Bool) {
    self.prior = prior
    self.hasConstant = hasConstant
  }

  /// The fitted matrix, columns + 1 × outputs: λ chosen on `aside`, then fitted to `fit` (and to `aside` if `final`).
  func solve(fit: Moments, aside: Moments, final: Bool) -> Matrix {
    var errors = [Double](repeating: .infinity, count: Self.ridges.count)
    errors.withUnsafeMutableBufferPointer { out in
      let out = Shared(errors: out)
      Parallel.forEach(Self.ridges.count) { range in
        for r in range { if let w = fitted(fit, Self.ridges[r]) { out.errors[r] = error(of: w, on: aside) } }
      }
    }
    var best = (error: error(of: prior, on: aside), ridge: Double.infinity)
    for (error, ridge) in zip(errors, Self.ridges) where error < best.error * (1 - 1e-9) { best = (error, ridge) }
    guard best.ridge.isFinite else { return prior }
    var all = fit
    if final { all.merge(aside) }
    return fitted(all, best.ridge) ?? prior
  }

  /// W₀ + (G + λI)⁻¹ (R − G W₀).
  private func fitted(_ moments: Moments, _ ridge: Double) -> Matrix? {
    let d = moments.columns
    var gram = hasConstant ? moments.augmentedGram : moments.gram
    let support = hasConstant ? d + 1 : d
    let start = prior.rows(Array(0..<support))
    let cross = hasConstant ? moments.augmentedCross : moments.cross
    let mean = moments.gram.diagonal.reduce(0, +) / Double(max(d, 1))
    let right = cross - gram * start
    for i in 0..<d { gram[i, i] += ridge * mean + 1e-30 }
    guard let factor = Cholesky(gram) else { return nil }
    let step = start + factor.solve(right)
    return hasConstant ? step : Matrix(rows: d + 1, columns: prior.columns, values: step.values + prior.row(d))
  }

  /// Σ |x W − y|² over the rows behind `moments`.
  private func error(of w: Matrix, on moments: Moments) -> Double {
    let gram = moments.augmentedGram
    let quadratic = zip(w.values, (gram * w).values).reduce(0) { $0 + $1.0 * $1.1 }
    let linear = zip(w.values, moments.augmentedCross.values).reduce(0) { $0 + $1.0 * $1.1 }
    return quadratic - 2 * linear + moments.targetEnergy.reduce(0, +)
  }

  /// Carries the errors into the bodies: each writes its own.
  private struct Shared: @unchecked Sendable { let errors: UnsafeMutableBufferPointer<Double> }
}
