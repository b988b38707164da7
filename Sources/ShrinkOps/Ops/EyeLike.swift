import ShrinkGraph

/// A matrix of the operand's shape with ones on a diagonal and zeros elsewhere.
///
/// Source: ONNX EyeLike-22.
package struct EyeLike: Operator {
  package static let names = ["EyeLike"]
  package static let opsets = 9...28
  package static let inputs = 1...1
  private let diagonal: Int
  /// The type of the result; nil for the operand's.
  private let target: DType?

  package init(_ attributes: Attributes) throws(OperatorError) {
    diagonal = try attributes.int("k", default: 0)
    target = try attributes.dtype("dtype")
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].shape.count == 2 else { throw .invalid("a tensor of shape \(inputs[0].shape) is no matrix") }
    return [TensorType(target ?? inputs[0].dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    let (rows, columns) = (type.shape[0], type.shape[1])
    let one = try Conversion.convert(Tensor(Float(1)), to: type.dtype)
    let width = one.byteCount
    let storage = TensorStorage(byteCount: try Axes.checked(type.shape, type.dtype).product * width)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
    let k = min(max(diagonal, -rows), columns)
    one.withBytes { bytes in
      guard let one = bytes.baseAddress, rows > 0, columns > 0 else { return }
      for row in max(0, -k)..<max(0, -k, min(rows, columns - k)) {
        (storage.bytes + (row * columns + row + k) * width).copyMemory(from: one, byteCount: width)
      }
    }
    return [Tensor(dtype: type.dtype, shape: type.shape, storage: storage)]
  }
}
