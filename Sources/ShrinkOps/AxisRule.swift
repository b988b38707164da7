import ShrinkGraph
import ShrinkMath

/// The axis along which an operator treats each line of elements on its own (Softmax, LogSoftmax, Hardmax).
///
/// Before opset 13 the axes from `axis` on count as one, and those before it as another.
struct AxisRule: Sendable {
  private let axis: Int
  private let isFlattened: Bool

  /// Reads `axis`.
  init(_ attributes: Attributes) throws(OperatorError) {
    isFlattened = attributes.opset < 13
    axis = try attributes.int("axis", default: isFlattened ? 1 : -1)
  }

  /// One axis, whatever the opset.
  init(axis: Int) { (self.axis, isFlattened) = (axis, false) }

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

  /// Lines that stand side by side and are treated together, so that loops over them are contiguous.
  static let widest = 64

  /// Calls `lines(x, y, count, stride, width)` for every `width` neighbouring lines of `count` elements, on several
  /// threads; `width` is at most `widest`, and the stride is 1 for lines that are contiguous.
  @inline(__always)
  func map<T: TensorElement>(
    _ x: Tensor, _ type: T.Type, _ lines: (UnsafePointer<T>, UnsafeMutablePointer<T>, Int, Int, Int) -> Void
  ) throws(OperatorError) -> Tensor {
    let first = try first(x.shape)
    guard x.count > 0 else { return x }
    let outer = x.shape[..<first].product
    let length = isFlattened ? x.shape[first...].product : x.shape[first]
    let inner = isFlattened ? 1 : x.shape[(first + 1)...].product
    return try x.mapped(T.self) { x, y in
      Parallel.forEach(outer * inner, minimumChunk: max(1, parallelGrain / 8 / max(1, length))) { range in
        var i = range.lowerBound
        while i < range.upperBound {
          let start = i / inner * length * inner + i % inner
          let width = min(Self.widest, inner - i % inner, range.upperBound - i)
          lines(x + start, y + start, length, inner, width)
          i += width
        }
      }
    }
  }
}
