// Goal: second moments of float32 activations, summed so exactly that dependent units can be told from noise.
//
//   C ← C + XᵀX   and   C ← C + XᵀY,   X: count × p, Y: count × q, both float32, row-major, one sample a row.
//
// Every product and every sum is done in Float64: blocks of rows are converted, then given to dsyrk or dgemm.
// (A product of two float32 is exact in Float64; float32 sums lose the small eigenvalues after 10⁵ rows.)
// Source: Dongarra et al., "A set of level 3 basic linear algebra subprograms", ACM TOMS 16 (1990).

import COpenBLAS

extension Matrix {
  /// Values converted at a time: enough rows that adding their products to C is not bound by the reading of C.
  private static let blockValues = 1 << 19

  /// Adds XᵀX to the upper triangle, X: `count` rows of `columns` float32; `self` must be `columns` × `columns`.
  ///
  /// The lower triangle is left as it was: call `symmetrize()` once at the end. Rows follow each other every `stride`
  /// values, by default without a gap.
  package mutating func symmetricAccumulate(rows x: UnsafeBufferPointer<Float>, count: Int, stride: Int? = nil) {
    precondition(isSquare)
    let (n, stride) = (columns, stride ?? columns)
    guard count > 0, n > 0 else { return }
    precondition(stride >= n && x.count >= (count - 1) * stride + n)
    let block = Self.blockRows(count, width: n)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: block * n) { buffer in
      guard let from = x.baseAddress, let doubles = buffer.baseAddress else { return }
      for start in Swift.stride(from: 0, to: count, by: block) {
        let rows = min(block, count - start)
        Self.convert(from + start * stride, rows: rows, columns: n, stride: stride, to: doubles)
        values.withUnsafeMutableBufferPointer { c in
          if let c = c.baseAddress { Self.addSquare(doubles, rows: rows, columns: n, to: c) }
        }
      }
    }
  }

  /// Adds XᵀY, X: `rows` × `xColumns`, Y: `rows` × `yColumns` float32; `self` must be `xColumns` × `yColumns`.
  package mutating func accumulateProduct(
    _ x: UnsafeBufferPointer<Float>, columns xColumns: Int, _ y: UnsafeBufferPointer<Float>, columns yColumns: Int,
    rows count: Int
  ) {
    precondition(rows == xColumns && columns == yColumns)
    guard count > 0, xColumns > 0, yColumns > 0 else { return }
    precondition(x.count >= count * xColumns && y.count >= count * yColumns)
    let block = Self.blockRows(count, width: max(xColumns, yColumns))
    withUnsafeTemporaryAllocation(of: Double.self, capacity: block * (xColumns + yColumns)) { buffer in
      guard let x = x.baseAddress, let y = y.baseAddress, let xDoubles = buffer.baseAddress else { return }
      let yDoubles = xDoubles + block * xColumns
      for start in Swift.stride(from: 0, to: count, by: block) {
        let rows = min(block, count - start)
        Self.convert(x + start * xColumns, rows: rows, columns: xColumns, stride: xColumns, to: xDoubles)
        Self.convert(y + start * yColumns, rows: rows, columns: yColumns, stride: yColumns, to: yDoubles)
        values.withUnsafeMutableBufferPointer { c in
          guard let c = c.baseAddress else { return }
          DoubleProduct(
            transposeA: true, m: xColumns, n: yColumns, k: rows, lda: xColumns, ldb: yColumns, ldc: yColumns
          ).add(xDoubles, yDoubles, to: c)
        }
      }
    }
  }

  /// Copies the upper triangle over the lower one.
  package mutating func symmetrize() {
    precondition(isSquare)
    let (n, tile) = (columns, 32)
    values.withUnsafeMutableBufferPointer { buffer in
      guard let a = buffer.baseAddress else { return }
      for top in Swift.stride(from: 0, to: n, by: tile) {
        for left in Swift.stride(from: 0, through: top, by: tile) {
          for i in top..<min(top + tile, n) {
            for j in left..<min(left + tile, i) { a[i * n + j] = a[j * n + i] }
          }
        }
      }
    }
  }

  /// Adds XᵀX to the upper triangle of C, a panel of rows of C a thread: its triangle and what stands right of it.
  private static func addSquare(
    _ x: UnsafePointer<Double>, rows: Int, columns n: Int, to c: UnsafeMutablePointer<Double>
  ) {
    let panels = n < 64 ? 1 : Threads.count
    // Panels of equal area: row i of the triangle has n - i entries.
    let bounds = (0...panels).map { n - Int((Double(n) * (1 - Double($0) / Double(panels)).squareRoot()).rounded()) }
    let shared = SquareParts(x: x, c: c)
    Parallel.forEach(panels) { range in
      for p in range {
        let (first, count) = (bounds[p], bounds[p + 1] - bounds[p])
        let right = n - bounds[p + 1]
        guard count > 0 else { continue }
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasTrans, blasInt(count), blasInt(rows), 1, shared.x + first, blasInt(n), 1,
          shared.c + first * n + first, blasInt(n))
        guard right > 0 else { continue }
        cblas_dgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, blasInt(count), blasInt(right), blasInt(rows), 1, shared.x + first,
          blasInt(n), shared.x + bounds[p + 1], blasInt(n), 1, shared.c + first * n + bounds[p + 1], blasInt(n))
      }
    }
  }

  /// Carries pointers into the bodies: panels of C are disjoint.
  private struct SquareParts: @unchecked Sendable {
    let x: UnsafePointer<Double>
    let c: UnsafeMutablePointer<Double>
  }

  private static func blockRows(_ count: Int, width: Int) -> Int {
    min(count, max(256, min(2048, blockValues / width)))
  }

  private static func convert(
    _ source: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, to target: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<rows {
      let (from, to) = (source + i * stride, target + i * columns)
      for j in 0..<columns { to[j] = Double(from[j]) }
    }
  }
}
