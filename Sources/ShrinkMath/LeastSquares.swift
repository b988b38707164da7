// Goal: the best weights W for kept units, from moments alone, also when units depend on each other.
//
//   min_W |X W − Y|² + λ|W|²   ⇒   (G + λ I) W = R,   G = XᵀX,   R = XᵀY.
//
// Units of very different size are first scaled to a unit diagonal: D = diag(G + λ I)^(−1/2), D (G + λ I) D (D⁻¹ W) =
// D R, which is within a factor n of the best scaling (van der Sluis 1969). When Cholesky fails or keeps no digits,
// the eigenvalues above n · 2⁻⁵² · λ_max are inverted and the others dropped: the solution of least |D⁻¹ W|.
// Source: Golub and Van Loan, Matrix Computations, 4th ed., §4.2, §5.5; Hoerl and Kennard, Technometrics 12 (1970).

/// Least squares from moments.
package enum LeastSquares {
  /// (gram + ridge I)⁻¹ cross, gram: n × n symmetric, cross: n × k; a pseudo-inverse where gram is rank deficient.
  ///
  /// Throws when an entry is not finite.
  package static func ridge(gram: Matrix, cross: Matrix, ridge: Double = 0) throws(MathError) -> Matrix {
    precondition(gram.isSquare && gram.rows == cross.rows)
    guard cross.values.allSatisfy(\.isFinite) else {
      throw MathError(code: "math-not-finite", message: "a right side of \(cross.rows) rows holds NaN or infinity")
    }
    let scale = gram.diagonal.map { $0 + ridge > 0 ? 1 / ($0 + ridge).squareRoot() : 0 }
    var scaled = gram
    scaled.addToDiagonal(ridge)
    scaled.scaleRows(scale)
    scaled.scaleColumns(scale)
    var right = cross
    right.scaleRows(scale)
    var solution = try solve(scaled, right)
    solution.scaleRows(scale)
    return solution
  }

  private static func solve(_ a: Matrix, _ b: Matrix) throws(MathError) -> Matrix {
    let smallest = Double(max(1, a.rows)) * Double.ulpOfOne
    if let cholesky = Cholesky(a), cholesky.reciprocalCondition > smallest { return cholesky.solve(b) }
    return try pseudoInverseTimes(a, b)
  }

  /// A⁺ B for a symmetric positive semidefinite A; eigenvalues up to `tolerance` × the largest count as zero.
  package static func pseudoInverseTimes(
    _ a: Matrix, _ b: Matrix, tolerance: Double? = nil
  ) throws(MathError) -> Matrix {
    let eigen = try SymmetricEigen(a)
    let relative = tolerance ?? Double(max(1, a.rows)) * Double.ulpOfOne
    let threshold = relative * max(0, eigen.values.last ?? 0)
    var inner = eigen.vectors.transposedTimes(b)
    inner.scaleRows(eigen.values.map { $0 > threshold ? 1 / $0 : 0 })
    return eigen.vectors * inner
  }
}

extension Matrix {
  /// Multiplies row i by `factors[i]`.
  package mutating func scaleRows(_ factors: [Double]) {
    precondition(factors.count == rows)
    let n = columns
    values.withUnsafeMutableBufferPointer { buffer in
      guard let a = buffer.baseAddress else { return }
      for (i, factor) in factors.enumerated() { for j in 0..<n { a[i * n + j] *= factor } }
    }
  }

  /// Multiplies column j by `factors[j]`.
  package mutating func scaleColumns(_ factors: [Double]) {
    precondition(factors.count == columns)
    let (m, n) = (rows, columns)
    values.withUnsafeMutableBufferPointer { buffer in
      guard let a = buffer.baseAddress else { return }
      for i in 0..<m { for j in 0..<n { a[i * n + j] *= factors[j] } }
    }
  }
}
