extension Gemm {
  /// C ← alpha op(A) op(B) + beta C in float64, with op(A): m × k, op(B): k × n, C: m × n, all row-major and dense.
  ///
  /// With `beta` 0, C need not be initialised. Sizes must not be negative.
  package static func double(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Double = 1,
    a: UnsafePointer<Double>, b: UnsafePointer<Double>, beta: Double = 0, c: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<(m * n) { c[i] = beta == 0 ? 0 : beta * c[i] }
    DoubleProduct(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, lda: max(1, transposeA ? m : k),
      ldb: max(1, transposeB ? k : n), ldc: max(1, n)
    ).add(a, b, factor: alpha, to: c)
  }
}
