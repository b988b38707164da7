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

  /// Calls `line(x, y, count, stride)` for each line of elements, on several threads.
  @inline(__always)
  func map<T: TensorElement>(
    _ x: Tensor, _ type: T.Type, _ line: (UnsafePointer<T>, UnsafeMutablePointer<T>, Int, Int) -> Void
  ) throws(OperatorError) -> Tensor {
    let first = try first(x.shape)
    guard x.count > 0 else { return x }
    let outer = x.shape[..<first].product
    let length = isFlattened ? x.shape[first...].product : x.shape[first]
    let inner = isFlattened ? 1 : x.shape[(first + 1)...].product
    return try x.mapped(T.self) { x, y in
      Parallel.forEach(outer * inner, minimumChunk: max(1, parallelGrain / 8 / max(1, length))) { range in
        for i in range {
          let start = i / inner * length * inner + i % inner
          line(x + start, y + start, length, inner)
        }
      }
    }
  }
}
