import Foundation
import ShrinkGraph
import ShrinkMath

/// What Softmax and LogSoftmax share: exponentials over one axis, divided by their sum.
///
///   y = exp(x - m) / Σ exp(x - m)   or its logarithm   x - m - log Σ exp(x - m),   m = max x
///
/// Before opset 13 the axes from `axis` on count as one, and those before it as another.
struct NormalizedExponential: Sendable {
  private let axis: Int
  private let isFlattened: Bool
  private let isLogarithm: Bool

  /// Reads `axis`.
  init(_ attributes: Attributes, isLogarithm: Bool) throws(OperatorError) {
    isFlattened = attributes.opset < 13
    axis = try attributes.int("axis", default: isFlattened ? 1 : -1)
    self.isLogarithm = isLogarithm
  }

  /// The axis, counted from 0.
  private func first(_ shape: [Int]) throws(OperatorError) -> Int {
    let end = isFlattened ? shape.count : shape.count - 1
    let first = axis < 0 ? axis + shape.count : axis
    guard first >= 0, first <= end else { throw .invalid("axis \(axis) of a tensor of shape \(shape)") }
    return first
  }

  func infer(_ x: TensorType) throws(OperatorError) -> [TensorType] {
    _ = try first(x.shape)
    return [TensorType(x.dtype, x.shape)]
  }

  func couple(_ c: inout Coupling) {
    guard let first = try? first(c.inputs[0].shape) else { return }
    c.tieAll(input: 0, output: 0, except: isFlattened ? Set(first..<c.inputs[0].shape.count) : [first])
  }

  func run(_ x: Tensor) throws(OperatorError) -> [Tensor] {
    switch x.dtype {
    case .float32: [try run(x, Float.self, { exp($0) }, { log($0) })]
    case .float64: [try run(x, Double.self, { exp($0) }, { log($0) })]
    default:
      try Conversion.wideningFloats(Operands([x])) { (x: Operands<Tensor>) throws(OperatorError) in try run(x[0]) }
    }
  }

  private func run<T: FloatElement>(
    _ x: Tensor, _ type: T.Type, _ exp: (T) -> T, _ log: (T) -> T
  ) throws(OperatorError) -> Tensor {
    let first = try first(x.shape)
    let outer = x.shape[..<first].product
    let length = isFlattened ? x.shape[first...].product : x.shape[first]
    let inner = isFlattened ? 1 : x.shape[(first + 1)...].product
    return try x.mapped(T.self) { x, y in
      Parallel.forEach(outer * inner, minimumChunk: max(1, parallelGrain / 8 / max(1, length))) { range in
        for i in range {
          let start = i / inner * length * inner + i % inner
          row(x + start, y + start, length, stride: inner, exp, log)
        }
      }
    }
  }

  @inline(__always)
  private func row<T: FloatElement>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int, stride: Int, _ exp: (T) -> T, _ log: (T) -> T
  ) {
    var highest = -T.infinity
    for i in 0..<count where x[i * stride] > highest { highest = x[i * stride] }
    var sum: T = 0
    for i in 0..<count {
      let e = exp(x[i * stride] - highest)
      sum += e
      if !isLogarithm { y[i * stride] = e }
    }
    if isLogarithm {
      let shift = log(sum)
      for i in 0..<count { y[i * stride] = x[i * stride] - highest - shift }
    } else {
      let factor = 1 / sum
      for i in 0..<count { y[i * stride] *= factor }
    }
  }
}
