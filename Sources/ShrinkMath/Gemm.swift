import COneDNN

/// Float32 matrix products on raw memory, row-major, through oneDNN.
package enum Gemm {
  /// Below this many multiplications one product is too small to be worth several threads.
  private static let smallProduct = 1 << 21

  /// C ← alpha op(A) op(B) + beta C with op(A): m × k, op(B): k × n, C: m × n.
  ///
  /// `lda`, `ldb`, `ldc` count the values from one stored row to the next (A is stored k × m when `transposeA`). With
  /// `beta` 0, C need not be initialised. Throws when a size is negative or a leading dimension is too small.
  package static func single(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int? = nil, b: UnsafePointer<Float>, ldb: Int? = nil, beta: Float = 0,
    c: UnsafeMutablePointer<Float>, ldc: Int? = nil
  ) throws(MathError) {
    let (lda, ldb, ldc) = (lda ?? (transposeA ? m : k), ldb ?? (transposeB ? k : n), ldc ?? n)
    guard m >= 0, n >= 0, k >= 0 else { throw .shape("a matrix product of negative size \(m) × \(k) × \(n)") }
    guard lda >= (transposeA ? m : k), ldb >= (transposeB ? k : n), ldc >= n else {
      throw .shape("leading dimensions \(lda), \(ldb), \(ldc) are too small for a product \(m) × \(k) × \(n)")
    }
    guard m > 0, n > 0 else { return }
    guard k > 0 else { return scale(c, rows: m, columns: n, stride: ldc, by: beta) }
    let status = shrink_sgemm(
      transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), alpha, a, Int64(max(1, lda)), b,
      Int64(max(1, ldb)), beta, c, Int64(ldc))
    guard status == 0 else { throw .library("a matrix product \(m) × \(k) × \(n)", status) }
  }

  /// `batch` products of one shape; operand i begins `i * stride` values after the first (a stride of 0 shares it).
  ///
  /// Small products run one a thread, large ones one after the other with all threads.
  package static func batched(
    batch: Int, transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int? = nil, strideA: Int, b: UnsafePointer<Float>, ldb: Int? = nil, strideB: Int,
    beta: Float = 0, c: UnsafeMutablePointer<Float>, ldc: Int? = nil, strideC: Int
  ) throws(MathError) {
    let failures = Failures()
    let body = { (range: Range<Int>) in
      for i in range {
        do throws(MathError) {
          try single(
            transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a + i * strideA,
            lda: lda, b: b + i * strideB, ldb: ldb, beta: beta, c: c + i * strideC, ldc: ldc)
        } catch {
          failures.record(error)
        }
      }
    }
    let isSmall = Double(m) * Double(n) * Double(k) < Double(smallProduct)
    if isSmall { Parallel.forEach(batch, body) } else { body(0..<max(0, batch)) }
    if let failure = failures.first { throw failure }
  }

  private static func scale(_ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int, by beta: Float) {
    for i in 0..<rows {
      for j in 0..<columns { c[i * stride + j] = beta == 0 ? 0 : beta * c[i * stride + j] }
    }
  }
}
