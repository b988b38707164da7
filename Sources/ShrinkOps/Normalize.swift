import ShrinkGraph
import ShrinkMath

/// Normalises rows of `length` elements to mean 0 and variance 1: y = (x - mean) / √(variance + ε).
///
/// Calls `finish` with each row once it is normalised, and stores mean and 1 / √(variance + ε) where asked for.
func normalize<T: FloatElement>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, rows: Int, length: Int, epsilon: T,
  means: UnsafeMutablePointer<T>? = nil, deviations: UnsafeMutablePointer<T>? = nil,
  finish: (Int, UnsafeMutablePointer<T>) -> Void
) {
  guard length > 0 else { return }
  Parallel.forEach(rows, minimumChunk: max(1, parallelGrain / length)) { range in
    for row in range {
      let (from, to) = (x + row * length, y + row * length)
      let mean = Reductions.sum(from, length) / T(length)
      let inverse = 1 / (Reductions.squares(from, length, around: mean) / T(length) + epsilon).squareRoot()
      for i in 0..<length { to[i] = (from[i] - mean) * inverse }
      means?[row] = mean
      deviations?[row] = inverse
      finish(row, to)
    }
  }
}
