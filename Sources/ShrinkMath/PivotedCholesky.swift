// Goal: which columns of X are independent, from XᵀX alone.
//
//   Pᵀ A P = UᵀU, at each step the largest remaining diagonal first; stop when it is ≤ tolerance · max diag A.
//
// The permutation puts independent columns first; A of rank r is then told by r rows of U.
// Source: Higham, "Cholesky factorization", WIREs Comp. Stat. 1 (2009); LAPACK dpstrf.

import COpenBLAS

/// The rank-revealing Cholesky factorisation of a symmetric positive semidefinite matrix.
package struct PivotedCholesky: Sendable {
  /// Position i of the factor is row and column `permutation[i]` of the matrix.
  package let permutation: [Int]
  /// Pivots above the tolerance.
  package let rank: Int
  /// rank × size, upper trapezoidal, for the permuted matrix.
  package let upper: Matrix

  /// Factorises `symmetric`, reading the upper triangle only; `tolerance` is relative to the largest diagonal entry,
  /// by default size × 2⁻⁵².
  package init(_ symmetric: Matrix, tolerance: Double? = nil) {
    precondition(symmetric.isSquare)
    let size = symmetric.rows
    let relative = tolerance ?? Double(size) * Double.ulpOfOne
    var a = symmetric
    let largest = a.diagonal.max() ?? 0
    guard size > 0, largest > 0 else {
      (permutation, rank, upper) = (Array(0..<size), 0, Matrix(rows: 0, columns: size))
      return
    }
    var (n, computed, info, absolute) = (blasInt(size), Int32(0), Int32(0), relative * largest)
    var lda = n
    var pivots = [Int32](repeating: 0, count: size)
    var work = [Double](repeating: 0, count: 2 * size)
    dpstrf_("L", &n, &a.values, &lda, &pivots, &computed, &absolute, &work, &info)
    rank = Int(computed)
    permutation = pivots.map { Int($0) - 1 }
    var u = a.rows(Array(0..<rank))
    for i in 0..<rank { for j in 0..<i { u[i, j] = 0 } }
    upper = u
  }

  /// T with X[:, dependent] ≈ X[:, independent] T; rank × (size − rank), columns in the order of `permutation`.
  package var dependence: Matrix {
    let rest = upper.columns(Array(rank..<upper.columns))
    return rest.solvedByUpper(upper.columns(Array(0..<rank)))
  }
}

extension Matrix {
  /// U⁻¹ self for an upper triangular U with a diagonal free of zeros.
  func solvedByUpper(_ upper: Matrix) -> Matrix {
    precondition(upper.isSquare && upper.rows == rows)
    var x = self
    guard rows > 0, columns > 0 else { return x }
    cblas_dtrsm(
      CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, blasInt(rows), blasInt(columns), 1,
      upper.values, blasInt(rows), &x.values, blasInt(columns))
    return x
  }
}
