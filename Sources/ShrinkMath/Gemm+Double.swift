extension Gemm {
  /// C ← alpha op(A) op(B) + beta C in Float64, as `single` does it in float32.
  ///
  /// With `beta` 0, C need not be initialised. Throws when a size is negative or a leading dimension is too small.
  package static func double(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Double = 1,
    a: UnsafePointer<Double>, lda: Int? = nil, b: UnsafePointer<Double>, ldb: Int? = nil, beta: Double = 0,
    c: UnsafeMutablePointer<Double>, ldc: Int? = nil
  ) throws(MathError) {
    let (lda, ldb, ldc) = (lda ?? (transposeA ? m : k), ldb ?? (transposeB ? k : n), ldc ?? n)
    guard m >= 0, n >= 0, k >= 0 else { throw .shape("a matrix product of negative size \(m) × \(k) × \(n)") }
    guard lda >= (transposeA ? m : k), ldb >= (transposeB ? k : n), ldc >= n else {
      throw .shape("leading dimensions \(lda), \(ldb), \(ldc) are too small for a product \(m) × \(k) × \(n)")
    }
    guard [m, n, k, lda, ldb, ldc].allSatisfy({ $0 <= Int(Int32.max) }) else {
      throw .shape("a matrix product \(m) × \(k) × \(n) is too large for its library")
    }
    if beta != 1 {
      for i in 0..<m {
        for j in 0..<n { c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j] }
      }
    }
    DoubleProduct(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, lda: max(1, lda), ldb: max(1, ldb), ldc: ldc
    ).add(a, b, factor: alpha, to: c)
  }
}
