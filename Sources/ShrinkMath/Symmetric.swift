// Goal: all eigenvalues and eigenvectors of a Gram matrix.
//
//   A = V diag(λ) Vᵀ,   VᵀV = I,   λ ascending.
//
// Source: Golub and Van Loan, Matrix Computations, 4th ed., §8.4; LAPACK dsyevd (divide and conquer).

import COpenBLAS

/// The eigenvalues and eigenvectors of a symmetric matrix.
package struct SymmetricEigen: Sendable {
  /// Ascending.
  package let values: [Double]
  /// Column j belongs to `values[j]`.
  package let vectors: Matrix

  /// Reads the upper triangle only; throws when an entry is not finite or LAPACK does not converge.
  package init(_ symmetric: Matrix) throws(MathError) {
    precondition(symmetric.isSquare)
    let size = symmetric.rows
    guard symmetric.values.allSatisfy(\.isFinite) else {
      throw MathError(code: "math-not-finite", message: "a symmetric matrix of \(size) rows holds NaN or infinity")
    }
    var (n, info, lwork, liwork) = (blasInt(size), Int32(0), Int32(-1), Int32(-1))
    var lda = max(1, n)
    var a = symmetric
    var lambda = [Double](repeating: 0, count: size)
    var (work, integers) = ([0.0], [Int32(0)])
    dsyevd_("V", "L", &n, &a.values, &lda, &lambda, &work, &lwork, &integers, &liwork, &info)
    (lwork, liwork) = (max(1, Int32(work[0])), max(1, integers[0]))
    work = [Double](repeating: 0, count: Int(lwork))
    integers = [Int32](repeating: 0, count: Int(liwork))
    if size > 0 { dsyevd_("V", "L", &n, &a.values, &lda, &lambda, &work, &lwork, &integers, &liwork, &info) }
    guard info == 0 else {
      throw MathError(code: "math-eigen", message: "the eigenvalues of a matrix of \(size) rows did not converge")
    }
    values = lambda
    vectors = a.transposed
  }
}
