import COpenBLAS

/// Sums, scalings and products.
extension Matrix {
  package static func + (a: Matrix, b: Matrix) -> Matrix { combine(a, b, factor: 1) }

  package static func - (a: Matrix, b: Matrix) -> Matrix { combine(a, b, factor: -1) }

  package static func * (factor: Double, a: Matrix) -> Matrix {
    Matrix(rows: a.rows, columns: a.columns, values: a.values.map { factor * $0 })
  }

  package static func += (a: inout Matrix, b: Matrix) { a.add(b, factor: 1) }

  package static func -= (a: inout Matrix, b: Matrix) { a.add(b, factor: -1) }

  /// Multiplies every entry by `factor`.
  package mutating func scale(by factor: Double) {
    cblas_dscal(blasInt(values.count), factor, &values, 1)
  }

  /// Adds `factor` times `other`, which must have the same shape.
  package mutating func add(_ other: Matrix, factor: Double) {
    precondition(rows == other.rows && columns == other.columns)
    cblas_daxpy(blasInt(values.count), factor, other.values, 1, &values, 1)
  }

  /// Adds `value` to every entry of the diagonal.
  package mutating func addToDiagonal(_ value: Double) {
    for i in 0..<min(rows, columns) { values[i * columns + i] += value }
  }

  /// A B; (m × k)(k × n).
  package static func * (a: Matrix, b: Matrix) -> Matrix { product(a, false, b, false) }

  /// selfᵀ other; (k × m)ᵀ(k × n).
  package func transposedTimes(_ other: Matrix) -> Matrix { Matrix.product(self, true, other, false) }

  /// self otherᵀ; (m × k)(n × k)ᵀ.
  package func timesTransposed(_ other: Matrix) -> Matrix { Matrix.product(self, false, other, true) }

  private static func combine(_ a: Matrix, _ b: Matrix, factor: Double) -> Matrix {
    var sum = a
    sum.add(b, factor: factor)
    return sum
  }

  private static func product(
    _ a: Matrix, _ transposeA: Bool, _ b: Matrix, _ transposeB: Bool
  ) -> Matrix {
    let (m, k) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
    let (inner, n) = transposeB ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(k == inner)
    var c = Matrix(rows: m, columns: n)
    guard m > 0, n > 0, k > 0 else { return c }
    DoubleProduct(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, lda: a.columns, ldb: b.columns, ldc: n
    ).add(a, b, factor: 1, to: &c)
    return c
  }
}

/// A length in the integer type of BLAS; `Matrix` never holds more than 2³¹ entries along one axis.
func blasInt(_ value: Int) -> Int32 { Int32(value) }
