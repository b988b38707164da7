import ShrinkGraph

/// Puts the maxima of a MaxPool back where they stood, among zeros.
///
/// Indices count through the tensor that the window gives; `output_shape` adds zeros behind it. Source: the ONNX
/// specification of MaxUnpool, versions 9 to 22.
package struct MaxUnpool: Operator {
  package static let names = ["MaxUnpool"]
  package static let opsets = 9...28
  package static let inputs = 2...3
  private let window: SlidingWindow

  package init(_ attributes: Attributes) throws(OperatorError) {
    window = try SlidingWindow(attributes)
    guard window.kernel != nil else { throw .invalid("kernel_shape is missing") }
  }

  /// The shape that the window gives.
  private func inner(_ x: TensorType, _ indices: TensorType) throws(OperatorError) -> [Int] {
    let rank = x.shape.count - 2
    let kernel = window.kernel ?? []
    let strides = window.strides ?? [Int](repeating: 1, count: max(0, rank))
    let pads = window.pads ?? [Int](repeating: 0, count: max(0, 2 * rank))
    guard rank > 0, kernel.count == rank, strides.count == rank, pads.count == 2 * rank, indices.shape == x.shape,
      indices.dtype == .int64
    else { throw .invalid("indices \(indices.dtype)\(indices.shape) and a kernel \(kernel) for maxima \(x.shape)") }
    var shape = Array(x.shape.prefix(2))
    for axis in 0..<rank {
      let reach = (x.shape[axis + 2] - 1).multipliedReportingOverflow(by: strides[axis])
      guard !reach.overflow, reach.partialValue < 1 << 40 else { throw .invalid("strides \(strides) of \(x.shape)") }
      shape.append(reach.partialValue - pads[axis] - pads[axis + rank] + kernel[axis])
    }
    return try Axes.checked(shape, x.dtype)
  }

  private func outer(_ inner: [Int], _ wanted: Tensor?, _ dtype: DType) throws(OperatorError) -> [Int] {
    guard let wanted else { return inner }
    guard let shape = wanted.integers, shape.count == inner.count, zip(shape, inner).allSatisfy({ $0 >= $1 }) else {
      throw .invalid("output_shape \(wanted.integers ?? []) does not hold \(inner)")
    }
    return try Axes.checked(shape, dtype)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let inner = try inner(inputs[0], inputs[1])
    if let wanted = inputs.optional(2), wanted.constant == nil { throw .shapeDependsOnData }
    return [TensorType(inputs[0].dtype, try outer(inner, inputs.optional(2)?.constant, inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let inner = try inner(TensorType(x.dtype, x.shape), TensorType(inputs[1].dtype, inputs[1].shape))
    let shape = try outer(inner, inputs.optional(2), x.dtype)
    let width = x.dtype.bits / 8
    guard [8, 16, 32, 64].contains(x.dtype.bits) else { throw .noKernel(for: x.dtype) }
    let storage = TensorStorage(byteCount: inner.product * width)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: inner.product * width)
    let isInside = x.withBytes { bytes in
      inputs[1].withElements(Int64.self) { indices in
        for (i, index) in indices.enumerated() {
          guard index >= 0, index < inner.product else { return false }
          for byte in 0..<width {
            storage.bytes.storeBytes(
              of: bytes[i * width + byte], toByteOffset: Int(index) * width + byte, as: UInt8.self)
          }
        }
        return true
      }
    }
    guard isInside else { throw .invalid("an index lies outside a result of shape \(inner)") }
    let y = Tensor(dtype: x.dtype, shape: inner, storage: storage)
    if shape == inner { return [y] }
    if shape.contains(0) { return [.empty(x.dtype, shape)] }
    return [try IndexedCopy.copied(y, zip(shape, inner).map { size, own in (0..<size).map { $0 < own ? $0 : -1 } })]
  }
}
