import ShrinkGraph

/// Puts elements along one axis by index, each into the line that it stands in; Scatter is its name before opset 11.
///
/// data [D…], indices and updates of one shape within it → [D…]. Source: ONNX ScatterElements-18.
package struct ScatterElements: Operator {
  package static let names = ["Scatter", "ScatterElements"]
  package static let opsets = 9...28
  package static let inputs = 3...3
  private let axis: Int
  private let scattering: Scattering

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: 0)
    scattering = try Scattering(attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (data, indices, updates) = (inputs[0], inputs[1], inputs[2])
    let axis = try Axes.position(axis, rank: data.shape.count)
    guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .unsupportedType(indices.dtype) }
    guard data.dtype == updates.dtype else { throw .differentTypes(data.dtype, updates.dtype) }
    guard indices.shape == updates.shape, indices.shape.count == data.shape.count,
      data.shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= data.shape[$0] })
    else { throw .invalid("puts \(updates.shape) elements at \(indices.shape) indices of \(data.shape)") }
    return [TensorType(data.dtype, data.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let data = inputs[0]
    let axis = try Axes.position(axis, rank: data.rank)
    var targets = try Axes.indices(inputs[1])
    var lines = Axes.strides(data.shape)
    let stride = lines[axis]
    lines[axis] = 0
    for i in targets.indices { targets[i] = try Axes.index(targets[i], length: data.shape[axis]) * stride }
    let walk = Walk(inputs[1].shape, strides: [lines])
    if !targets.isEmpty {
      walk.forEachRow(in: 0..<walk.rows) { row, line, _, _ in
        for i in 0..<walk.inner { targets[row * walk.inner + i] += line + i * walk.step(0) }
      }
    }
    return [try scattering.apply(data, inputs[2], at: targets, length: 1)]
  }
}
