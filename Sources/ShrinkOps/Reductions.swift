/// Sums and maxima over contiguous elements, with enough independent lanes to fill the vector unit.
enum Reductions {
  private static let lanes = 16

  /// Sum of `count` elements.
  @inline(__always)
  static func sum<T: FloatElement>(_ x: UnsafePointer<T>, _ count: Int) -> T {
    fold(x, count, from: 0, vectors: { $0 + $1 }, scalars: { $0 + $1 }, combine: { $0 + $1 })
  }

  /// Sum of the squares of `count` elements after `mean` is taken away.
  @inline(__always)
  static func squares<T: FloatElement>(_ x: UnsafePointer<T>, _ count: Int, around mean: T) -> T {
    fold(
      x, count, from: 0,
      vectors: {
        let d = $1 - SIMD16(repeating: mean)
        return $0 + d * d
      }, scalars: { $0 + ($1 - mean) * ($1 - mean) }, combine: { $0 + $1 })
  }

  /// Greatest of `count` elements; minus infinity for none, not a number when one of them is not.
  @inline(__always)
  static func maximum<T: FloatElement>(_ x: UnsafePointer<T>, _ count: Int) -> T {
    fold(
      x, count, from: -T.infinity,
      vectors: { (a: SIMD16<T>, b: SIMD16<T>) in a.replacing(with: b, where: (b .> a) .| (b .!= b)) },
      scalars: { $1 > $0 || $1 != $1 ? $1 : $0 }, combine: { $1 > $0 || $1 != $1 ? $1 : $0 })
  }

  @inline(__always)
  private static func fold<T: FloatElement>(
    _ x: UnsafePointer<T>, _ count: Int, from start: T, vectors: (SIMD16<T>, SIMD16<T>) -> SIMD16<T>,
    scalars: (T, T) -> T, combine: (T, T) -> T
  ) -> T {
    var sums = SIMD16<T>(repeating: start)
    var i = 0
    while i + lanes <= count {
      sums = vectors(sums, UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<T>.self))
      i += lanes
    }
    var result = start
    for lane in 0..<lanes { result = combine(result, sums[lane]) }
    while i < count {
      result = scalars(result, x[i])
      i += 1
    }
    return result
  }
}
