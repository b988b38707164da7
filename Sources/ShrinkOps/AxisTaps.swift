import ShrinkGraph
import ShrinkMath

/// A linear map along one axis with few entries in each row: place p of the result is Σ weights · elements at indices.
struct AxisTaps: Sendable {
  let input: Int
  let output: Int
  /// Entries of each row.
  let count: Int
  /// `count` for each place; within the operand.
  var indices: [Int]
  var weights: [Double]
  /// Places that take a constant.
  var outside: Set<Int> = []

  /// Makes a map with all entries zero.
  init(input: Int, output: Int, count: Int) {
    (self.input, self.output, self.count) = (input, output, count)
    indices = [Int](repeating: 0, count: output * count)
    weights = [Double](repeating: 0, count: output * count)
  }

  /// Whether it changes nothing.
  var isIdentity: Bool {
    guard input == output, outside.isEmpty else { return false }
    return (0..<output).allSatisfy { place in
      (place * count..<(place + 1) * count).allSatisfy { indices[$0] == place ? true : weights[$0] == 0 }
        && (place * count..<(place + 1) * count).reduce(0) { $0 + weights[$1] } == 1
    }
  }

  /// Applies it along an axis of a float32 or float64 tensor.
  func applied<T: FloatElement>(
    to x: Tensor, axis: Int, constant: T
  ) throws(OperatorError) -> Tensor {
    var shape = x.shape
    shape[axis] = output
    _ = try Axes.checked(shape, x.dtype)
    let inner = x.shape.dropFirst(axis + 1).product
    let weights = weights.map { T($0) }
    return try x.mapped(T.self, shape: shape) { x, y in
      weights.withUnsafeBufferPointer { weights in
        indices.withUnsafeBufferPointer { indices in
          guard let w = weights.baseAddress, let index = indices.baseAddress, shape.product > 0 else { return }
          let outer = shape.product / (output * inner)
          Parallel.forEach(outer * output, minimumChunk: max(1, parallelGrain / inner)) { rows in
            for row in rows {
              let (image, place) = row.quotientAndRemainder(dividingBy: output)
              let (from, to) = (x + image * input * inner, y + row * inner)
              if !outside.isEmpty, outside.contains(place) {
                to.update(repeating: constant, count: inner)
              } else {
                Self.add(from, w + place * count, index + place * count, count, to, inner)
              }
            }
          }
        }
      }
    }
  }

  /// One row of the result: Σ w[k] · row index[k] of the operand.
  @inline(__always)
  private static func add<T: FloatElement>(
    _ x: UnsafePointer<T>, _ w: UnsafePointer<T>, _ index: UnsafePointer<Int>, _ count: Int,
    _ y: UnsafeMutablePointer<T>, _ inner: Int
  ) {
    if inner == 1 {
      var sum: T = 0
      for k in 0..<count { sum += w[k] * x[index[k]] }
      y[0] = sum
      return
    }
    let (a, b, p, q) = (w[0], w[1], x + index[0] * inner, x + index[1] * inner)
    for i in 0..<inner { y[i] = a * p[i] + b * q[i] }
    for k in 2..<max(2, count) where w[k] != 0 {
      let (a, p) = (w[k], x + index[k] * inner)
      for i in 0..<inner { y[i] += a * p[i] }
    }
  }
}
