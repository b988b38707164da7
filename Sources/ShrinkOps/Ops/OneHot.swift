import ShrinkGraph

/// Puts one value where an index stands along a new axis, another elsewhere.
///
/// indices [D…], depth, values [off, on] → [D…] with an axis of length depth inserted. Negative indices count from the
/// end; those out of range give no value. Source: ONNX OneHot-28.
package struct OneHot: Operator {
  package static let names = ["OneHot"]
  package static let opsets = 9...28
  package static let inputs = 3...3
  private let axis: Int

  package init(_ attributes: Attributes) throws(OperatorError) { axis = try attributes.int("axis", default: -1) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (indices, values) = (inputs[0], inputs[2])
    guard Conversion.isNumeric(indices.dtype) else { throw .unsupportedType(indices.dtype) }
    guard values.shape == [2] else { throw .invalid("has values of shape \(values.shape) instead of [2]") }
    guard let constant = inputs[1].constant else { throw .shapeDependsOnData }
    let depth = try Self.integers(constant)
    guard depth.count == 1, depth[0] >= 0 else { throw .invalid("the depth is \(depth)") }
    var shape = indices.shape
    shape.insert(depth[0], at: try Axes.position(axis, rank: shape.count + 1))
    return [try .sized(values.dtype, shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    try StridedView.checkElements(type.dtype)
    let axis = try Axes.position(axis, rank: type.shape.count)
    let (depth, width) = (type.shape[axis], type.dtype.bits / 8)
    let inner = type.shape[(axis + 1)...].product
    let off = inputs[2].rows(0..<1).reshaped([])
    let strides = [Int](repeating: 0, count: type.shape.count)
    let result = try StridedView(shape: type.shape, strides: strides).copied(from: off)
    let indices = try Self.integers(inputs[0])
    inputs[2].withBytes { values in
      guard let on = values.baseAddress.map({ $0 + width }) else { return }
      for (place, given) in indices.enumerated() where given < depth && given >= -depth {
        let index = given < 0 ? given + depth : given
        let element = (place / inner * depth + index) * inner + place % inner
        (result.storage.bytes + element * width).copyMemory(from: on, byteCount: width)
      }
    }
    return [result]
  }

  /// The numbers, cut off towards zero.
  private static func integers(_ tensor: Tensor) throws(OperatorError) -> [Int] {
    try Conversion.convert(tensor, to: .int64).elements(Int64.self).map(Int.init)
  }
}
