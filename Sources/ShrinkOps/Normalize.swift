import ShrinkGraph
import ShrinkMath

/// Normalises rows of `length` elements to mean 0 and variance 1: y = (x - mean) / √(variance + ε); with 0 in place of the
/// mean, also in the variance, unless `isCentred`.
///
/// Calls `finish` with each row once it is normalised, and stores mean and 1 / √(variance + ε) where asked for.
func normalize<T: FloatElement>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, rows: Int, length: Int, epsilon: T,
  isCentred: Bool = true,
  means: UnsafeMutablePointer<T>? = nil, deviations: UnsafeMutablePointer<T>? = nil,
  finish: (Int, UnsafeMutablePointer<T>) -> Void
) {
  guard length > 0 else { return }
  Parallel.forEach(rows, minimumChunk: max(1, parallelGrain / length)) { range in
    for row in range {
      let (from, to) = (x + row * length, y + row * length)
      let mean = isCentred ? Reductions.sum(from, length) / T(length) : 0
      let inverse = 1 / (Reductions.squares(from, length, around: mean) / T(length) + epsilon).squareRoot()
      for i in 0..<length { to[i] = (from[i] - mean) * inverse }
      means?[row] = mean
      deviations?[row] = inverse
      finish(row, to)
    }
  }
}

/// Normalisation of rows with a factor and a summand for each element.
struct RowNormalization<T: FloatElement> {
  private let scale: [T]
  private let shift: [T]
  private let epsilon: T
  private let isCentred: Bool

  /// Takes factors and summands from tensors of the row's length; no tensor of summands is zeros.
  init(scale: Tensor, shift: Tensor?, epsilon: T, isCentred: Bool = true) {
    self.scale = scale.elements(T.self)
    self.shift = shift?.elements(T.self) ?? [T](repeating: 0, count: self.scale.count)
    (self.epsilon, self.isCentred) = (epsilon, isCentred)
  }

  /// The rows of `x`, with mean (0 where it is not centred) and 1 / √(variance + ε) of each.
  func run(_ x: Tensor, rows: Int, length: Int) throws(OperatorError) -> (y: Tensor, means: [T], inverses: [T]) {
    var means = [T](repeating: 0, count: rows), inverses = means
    let y = try x.mapped(T.self) { x, y in
      means.withUnsafeMutableBufferPointer { means in
        inverses.withUnsafeMutableBufferPointer { inverses in
          scale.withUnsafeBufferPointer { scale in
            shift.withUnsafeBufferPointer { shift in
              normalize(
                x, y, rows: rows, length: length, epsilon: epsilon, isCentred: isCentred, means: means.baseAddress,
                deviations: inverses.baseAddress
              ) { _, row in
                for i in 0..<length { row[i] = row[i] * scale[i] + shift[i] }
              }
            }
          }
        }
      }
    }
    return (y, means, inverses)
  }
}
