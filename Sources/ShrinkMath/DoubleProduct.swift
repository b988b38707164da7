// Goal: Float64 products that use all threads without waking a second pool of them.
//
// OpenBLAS runs with one thread; the result is cut into panels of rows, one product each. Every entry is summed over k in
// one piece, so that the number of threads does not change which products are added in which order.

import COpenBLAS

/// C ← C + factor · op(A) op(B) on raw memory, row-major, on all threads.
struct DoubleProduct {
  var transposeA = false
  var transposeB = false
  let m: Int
  let n: Int
  let k: Int
  let lda: Int
  let ldb: Int
  let ldc: Int

  /// Below this many multiplications a product is too small to be worth several threads.
  private static let threadedWork = 1 << 20

  /// op(A): m × k, op(B): k × n, C: m × n.
  func add(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, factor: Double = 1, to c: UnsafeMutablePointer<Double>
  ) {
    guard m > 0, n > 0, k > 0 else { return }
    let shared = Pointers(a: a, b: b, c: c)
    let smallest = m * n * k < Self.threadedWork ? m : max(1, m / Threads.count)
    Parallel.forEach(m, minimumChunk: smallest) { rows in
      cblas_dgemm(
        CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
        blasInt(rows.count), blasInt(n), blasInt(k), factor, shared.a + rows.lowerBound * (transposeA ? 1 : lda),
        blasInt(lda), shared.b, blasInt(ldb), 1, shared.c + rows.lowerBound * ldc, blasInt(ldc))
    }
  }

  /// The same on whole matrices.
  func add(_ a: Matrix, _ b: Matrix, factor: Double, to c: inout Matrix) {
    c.withMutableValues { c in
      a.withValues { a in
        b.withValues { b in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          add(a, b, factor: factor, to: c)
        }
      }
    }
  }

  /// Carries pointers into the bodies: panels of C are disjoint.
  private struct Pointers: @unchecked Sendable {
    let a: UnsafePointer<Double>
    let b: UnsafePointer<Double>
    let c: UnsafeMutablePointer<Double>
  }
}
