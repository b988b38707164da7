// Goal: solve with a positive definite Gram matrix, and say so when it is not.
//
//   A + ridge I = UᵀU,   (A + ridge I)⁻¹ B by two triangular solves.
//
// Source: Golub and Van Loan, Matrix Computations, 4th ed., §4.2; LAPACK dpotrf, dpotri, dpocon.

import COpenBLAS
import Foundation

/// The Cholesky factorisation of a symmetric positive definite matrix.
package struct Cholesky: Sendable {
  /// U in its upper triangle, row-major; what stands below is not defined.
  private var factor: Matrix
  /// The 1-norm condition of the matrix, estimated, as a reciprocal: near 1e-16 the solution has no right digit.
  package let reciprocalCondition: Double

  package var size: Int { factor.rows }

  /// Factorises `symmetric` + `ridge` I, reading the upper triangle only; nil when it is not positive definite.
  package init?(_ symmetric: Matrix, ridge: Double = 0) {
    precondition(symmetric.isSquare)
    var a = symmetric
    a.addToDiagonal(ridge)
    var (n, info) = (blasInt(a.rows), Int32(0))
    var lda = max(1, n)
    // LAPACK sees the transpose: its lower triangle is our upper one.
    var work = [Double](repeating: 0, count: 3 * a.rows)
    let norm = dlansy_("1", "L", &n, a.values, &lda, &work)
    guard norm.isFinite else { return nil }
    dpotrf_("L", &n, &a.values, &lda, &info)
    guard info == 0 else { return nil }
    var (condition, norms, integers) = (1.0, norm, [Int32](repeating: 0, count: a.rows))
    if n > 0 { dpocon_("L", &n, a.values, &lda, &norms, &condition, &work, &integers, &info) }
    factor = a
    reciprocalCondition = condition
  }

  /// A⁻¹ B for `right`: size × k.
  package func solve(_ right: Matrix) -> Matrix {
    precondition(right.rows == size)
    var x = right
    guard size > 0, right.columns > 0 else { return x }
    for transpose in [CblasTrans, CblasNoTrans] {
      cblas_dtrsm(
        CblasRowMajor, CblasLeft, CblasUpper, transpose, CblasNonUnit, blasInt(size), blasInt(right.columns), 1,
        factor.values, blasInt(size), &x.values, blasInt(right.columns))
    }
    return x
  }

  /// A⁻¹, both triangles.
  package func inverse() -> Matrix {
    var inverse = factor
    var (n, info) = (blasInt(size), Int32(0))
    guard n > 0 else { return inverse }
    var lda = n
    dpotri_("L", &n, &inverse.values, &lda, &info)
    inverse.symmetrize()
    return inverse
  }

  /// U with A = UᵀU, zeros below its diagonal.
  package var upper: Matrix {
    var u = factor
    for i in 0..<size { for j in 0..<i { u[i, j] = 0 } }
    return u
  }

  /// ln det A.
  package var logDeterminant: Double { factor.diagonal.reduce(0) { $0 + 2 * log($1) } }
}
