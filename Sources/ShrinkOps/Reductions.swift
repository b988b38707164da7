/// Sums and maxima over contiguous elements, with enough independent lanes to fill the vector unit.
enum Reductions {
  private static let lanes = 16

  /// Sum of `count` elements.
  @inline(__always)
  static func sum<T: FloatElement>(_ x: UnsafePointer<T>, _ count: Int) -> T {
    fold(x, count, vectors: { $0 + $1 }, scalars: { $0 + $1 })
  }

  /// Sum of the squares of `count` elements after `mean` is taken away.
  @inline(__always)
  static func squares<T: FloatElement>(_ x: UnsafePointer<T>, _ count: Int, around mean: T) -> T {
    fold(
      x, count,
      vectors: {
        let d = $1 - SIMD16(repeating: mean)
        return $0 + d * d
      }, scalars: { $0 + ($1 - mean) * ($1 - mean) })
  }

  /// Greatest of `count` elements; minus infinity for none, not a number when one of them is not.
  @inline(__always)
  static func maximum<T: FloatElement>(_ x: UnsafePointer<T>, _ count: Int) -> T {
    let greater = { (a: T, b: T) -> T in b > a || b != b ? b : a }
    var (a, b, c, d) = (-T.infinity, -T.infinity, -T.infinity, -T.infinity)
    var i = 0
    while i + 4 <= count {
      a = greater(a, x[i])
      b = greater(b, x[i + 1])
      c = greater(c, x[i + 2])
      d = greater(d, x[i + 3])
      i += 4
    }
    while i < count {
      a = greater(a, x[i])
      i += 1
    }
    return greater(greater(a, b), greater(c, d))
  }

  @inline(__always)
  private static func fold<T: FloatElement>(
    _ x: UnsafePointer<T>, _ count: Int, vectors: (SIMD16<T>, SIMD16<T>) -> SIMD16<T>, scalars: (T, T) -> T
  ) -> T {
    var sums = SIMD16<T>(repeating: 0)
    var i = 0
    while i + lanes <= count {
      sums = vectors(sums, UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<T>.self))
      i += lanes
    }
    var result = sums.sum()
    while i < count {
      result = scalars(result, x[i])
      i += 1
    }
    return result
  }
}
