// Goal: order the columns of X so that each adds as much as possible to those before it.
//
//   X P = Q R,   |r₁₁| ≥ |r₂₂| ≥ …
//
// Source: Businger and Golub, Numer. Math. 7 (1965); LAPACK dgeqp3, dorgqr. Its use for pruning: Chee et al. 2022.

import COpenBLAS

/// The QR factorisation with column pivoting of an m × n matrix.
package struct PivotedQR: Sendable {
  /// Column i of Q R is column `permutation[i]` of the matrix.
  package let permutation: [Int]
  /// min(m, n) × n, upper trapezoidal.
  package let r: Matrix
  /// The transpose of what LAPACK left: Householder vectors and R.
  private let packed: Matrix
  private let tau: [Double]

  package init(_ matrix: Matrix) {
    let steps = min(matrix.rows, matrix.columns)
    var a = matrix.transposed
    var (m, n, info, lwork) = (blasInt(matrix.rows), blasInt(matrix.columns), Int32(0), Int32(-1))
    var lda = max(1, m)
    var pivots = [Int32](repeating: 0, count: matrix.columns)
    var scalars = [Double](repeating: 0, count: steps)
    var work = [0.0]
    if steps > 0 {
      dgeqp3_(&m, &n, &a.values, &lda, &pivots, &scalars, &work, &lwork, &info)
      lwork = max(1, Int32(work[0]))
      work = [Double](repeating: 0, count: Int(lwork))
      dgeqp3_(&m, &n, &a.values, &lda, &pivots, &scalars, &work, &lwork, &info)
    }
    permutation = steps > 0 ? pivots.map { Int($0) - 1 } : Array(0..<matrix.columns)
    var upper = a.columns(Array(0..<steps)).transposed
    for i in 0..<steps { for j in 0..<min(i, matrix.columns) { upper[i, j] = 0 } }
    (r, packed, tau) = (upper, a, scalars)
  }

  /// Diagonal entries of R above `tolerance` times the first, by default max(m, n) × 2⁻⁵².
  package func rank(tolerance: Double? = nil) -> Int {
    let relative = tolerance ?? Double(max(packed.rows, packed.columns)) * Double.ulpOfOne
    let diagonal = r.diagonal.map(abs)
    guard let first = diagonal.first, first > 0 else { return 0 }
    return diagonal.firstIndex { !($0 > relative * first) } ?? diagonal.count
  }

  /// Q, m × min(m, n), with orthonormal columns.
  package var q: Matrix {
    var a = packed.rows(Array(0..<r.rows))
    guard r.rows > 0 else { return a.transposed }
    var (m, k, info, lwork) = (blasInt(packed.columns), blasInt(r.rows), Int32(0), Int32(-1))
    var (n, lda, work) = (k, m, [0.0])
    dorgqr_(&m, &n, &k, &a.values, &lda, tau, &work, &lwork, &info)
    lwork = max(1, Int32(work[0]))
    work = [Double](repeating: 0, count: Int(lwork))
    dorgqr_(&m, &n, &k, &a.values, &lda, tau, &work, &lwork, &info)
    return a.transposed
  }

  /// T with X[:, last] ≈ X[:, first] T for the first `count` columns of the permutation: count × (n − count).
  ///
  /// `count` must not be above the rank.
  package func interpolation(_ count: Int) -> Matrix {
    let head = r.rows(Array(0..<count))
    return head.columns(Array(count..<r.columns)).solvedByUpper(head.columns(Array(0..<count)))
  }
}
