import ShrinkGraph
import ShrinkMath

/// An element type that kernels compute with.
protocol FloatElement: TensorElement, BinaryFloatingPoint, SIMDScalar, Codable {}
extension Float: FloatElement {}
extension Double: FloatElement {}

extension Tensor {
  /// A tensor of `shape` that `body` fills from the elements of this one, whose type must be `T`.
  func mapped<T: TensorElement>(
    _ type: T.Type, shape: [Int]? = nil,
    _ body: (UnsafePointer<T>, UnsafeMutablePointer<T>) throws(OperatorError) -> Void
  ) throws(OperatorError) -> Tensor {
    try Tensor(shape: shape ?? self.shape, T.self) { (y: UnsafeMutableBufferPointer<T>) throws(OperatorError) in
      guard let y = y.baseAddress else { return }
      try withPointer(T.self) { (x: UnsafePointer<T>) throws(OperatorError) in try body(x, y) }
    }
  }

  /// Lends the first element, whose type must be `T`.
  func withPointer<T: TensorElement, R>(
    _ type: T.Type, _ body: (UnsafePointer<T>) throws(OperatorError) -> R
  ) throws(OperatorError) -> R {
    precondition(dtype == T.dtype, "elements are \(dtype), not \(T.dtype)")
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafePointer((storage.bytes + offset).assumingMemoryBound(to: T.self)))
  }
}

extension TensorType {
  /// Lengths of the axes behind the first two.
  var spatial: [Int] { Array(shape.dropFirst(2)) }

  /// The type of a result; throws when it has too many elements to be counted.
  static func sized(_ dtype: DType, _ shape: [Int]) throws(OperatorError) -> TensorType {
    let type = TensorType(dtype, shape)
    try type.check()
    return type
  }

  /// Most elements that a type from a file may have along its axes that are not empty.
  ///
  /// No machine holds as many, and sums and small multiples of such sizes do not overflow.
  private static let most = 1 << 52

  /// Throws when a size is negative, or the sizes are too large to be computed with.
  package func check() throws(OperatorError) {
    guard shape.allSatisfy({ $0 >= 0 }), let count = Tensor.checkedCount(shape.map { max(1, $0) }), count <= Self.most
    else { throw .invalid("a tensor would have shape \(shape)") }
  }
}

extension Sequence<Int> {
  /// The product of lengths that a tensor has already.
  package var product: Int { reduce(1, *) }
}

/// Runs of elements that are worth a thread of their own.
let parallelGrain = 1 << 14

/// y = factor · x + shift for planes of `plane` elements; plane p takes factor and shift p mod `channels`.
func scaleAndShift<T: FloatElement>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, planes: Int, plane: Int, factor: [T], shift: [T]
) {
  let channels = factor.count
  guard channels > 0 else { return }
  factor.withUnsafeBufferPointer { factor in
    shift.withUnsafeBufferPointer { shift in
      guard plane > 1 else {
        return Parallel.forEach(planes / channels, minimumChunk: max(1, parallelGrain / channels)) { rows in
          for row in rows {
            let (x, y) = (x + row * channels, y + row * channels)
            for c in 0..<channels { y[c] = factor[c] * x[c] + shift[c] }
          }
        }
      }
      Parallel.forEach(planes, minimumChunk: max(1, parallelGrain / max(1, plane))) { range in
        for p in range {
          let (x, y, a, b) = (x + p * plane, y + p * plane, factor[p % channels], shift[p % channels])
          for i in 0..<plane { y[i] = a * x[i] + b }
        }
      }
    }
  }
}

extension OperatorError {
  /// There is no kernel for this element type.
  static func noKernel(for dtype: DType) -> OperatorError {
    .unsupported("has no kernel for elements of type \(dtype)")
  }

  /// A numerical routine refused.
  init(_ error: MathError) {
    self = error.code == "math-library" ? .unsupported(error.message) : .invalid(error.message)
  }

  /// Passes the errors of a numerical routine on.
  static func math<R>(_ body: () throws(MathError) -> R) throws(OperatorError) -> R {
    do { return try body() } catch { throw OperatorError(error) }
  }
}
