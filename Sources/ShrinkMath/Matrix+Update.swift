/// Products added in place, for elimination steps that must not allocate a matrix each.
extension Matrix {
  /// self ← self + factor · A Bᵀ; A: rows × k, B: columns × k.
  package mutating func addProduct(_ a: Matrix, transposed b: Matrix, factor: Double) {
    precondition(a.rows == rows && b.rows == columns && a.columns == b.columns, "shapes of an update do not fit")
    DoubleProduct(transposeB: true, m: rows, n: columns, k: a.columns, lda: a.columns, ldb: b.columns, ldc: columns)
      .add(a, b, factor: factor, to: &self)
  }

  /// self ← self + factor · A B; A: rows × k, B: k × columns.
  package mutating func addProduct(_ a: Matrix, _ b: Matrix, factor: Double) {
    precondition(a.rows == rows && b.columns == columns && a.columns == b.rows, "shapes of an update do not fit")
    DoubleProduct(m: rows, n: columns, k: a.columns, lda: a.columns, ldb: b.columns, ldc: columns)
      .add(a, b, factor: factor, to: &self)
  }
}
