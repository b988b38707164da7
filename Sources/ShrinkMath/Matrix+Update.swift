import COpenBLAS

/// Products added in place, for elimination steps that must not allocate a matrix each.
extension Matrix {
  /// self ← self + factor · A Bᵀ; A: rows × k, B: columns × k.
  package mutating func addProduct(_ a: Matrix, transposed b: Matrix, factor: Double) {
    precondition(a.rows == rows && b.rows == columns && a.columns == b.columns, "shapes of an update do not fit")
    update(a, b, CblasTrans, factor, ldb: b.columns)
  }

  /// self ← self + factor · A B; A: rows × k, B: k × columns.
  package mutating func addProduct(_ a: Matrix, _ b: Matrix, factor: Double) {
    precondition(a.rows == rows && b.columns == columns && a.columns == b.rows, "shapes of an update do not fit")
    update(a, b, CblasNoTrans, factor, ldb: b.columns)
  }

  private mutating func update(_ a: Matrix, _ b: Matrix, _ transB: CBLAS_TRANSPOSE, _ factor: Double, ldb: Int) {
    guard rows > 0, columns > 0, a.columns > 0 else { return }
    let (m, n, k) = (Int32(rows), Int32(columns), Int32(a.columns))
    withMutableValues { c in
      a.withValues { a in
        b.withValues { b in
          cblas_dgemm(
            CblasRowMajor, CblasNoTrans, transB, m, n, k, factor, a.baseAddress, k, b.baseAddress, Int32(ldb), 1,
            c.baseAddress, n)
        }
      }
    }
  }
}
