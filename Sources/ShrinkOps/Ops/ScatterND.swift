import ShrinkGraph

/// Puts slices where the tuples in the last axis of the indices point.
///
/// data [D…], indices [I…, k], updates [I…, D[k…]…] → [D…]. Source: ONNX ScatterND-18.
package struct ScatterND: Operator {
  package static let names = ["ScatterND"]
  package static let opsets = 11...28
  package static let inputs = 3...3
  private let scattering: Scattering

  package init(_ attributes: Attributes) throws(OperatorError) { scattering = try Scattering(attributes) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (data, indices, updates) = (inputs[0], inputs[1], inputs[2])
    guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .unsupportedType(indices.dtype) }
    guard data.dtype == updates.dtype else { throw .differentTypes(data.dtype, updates.dtype) }
    guard let depth = indices.shape.last, depth >= 1, depth <= data.shape.count,
      updates.shape == indices.shape.dropLast() + data.shape.dropFirst(depth)
    else { throw .invalid("puts \(updates.shape) elements at \(indices.shape) indices of \(data.shape)") }
    return [TensorType(data.dtype, data.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let (data, indices, updates) = (inputs[0], inputs[1], inputs[2])
    let depth = indices.shape[indices.rank - 1]
    let length = data.shape.dropFirst(depth).product
    let starts = try Tuples.starts(try Axes.indices(indices), in: Array(data.shape.prefix(depth)))
    return [try scattering.apply(data, updates, at: starts.map { $0 * length }, length: length)]
  }

  /// The axes behind those that the indices point into pass as they are.
  package func couple(_ c: inout Coupling) {
    guard let depth = c.inputs[1].shape.last else { return }
    let lead = c.inputs[1].shape.count - 1 - depth
    for axis in depth..<c.inputs[0].shape.count {
      c.tie(.input(0, axis), .output(0, axis))
      c.tie(.input(2, lead + axis), .output(0, axis))
    }
  }
}
