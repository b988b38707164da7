import ShrinkGraph

/// Takes elements of one axis by index, each from the line that it stands in.
package struct GatherElements: Operator {
  package static let names = ["GatherElements"]
  package static let opsets = 11...28
  package static let inputs = 2...2
  private let axis: Int

  package init(_ attributes: Attributes) throws(OperatorError) { axis = try attributes.int("axis", default: 0) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (data, indices) = (inputs[0], inputs[1])
    let axis = try Axes.position(axis, rank: data.shape.count)
    guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .unsupportedType(indices.dtype) }
    guard indices.shape.count == data.shape.count,
      indices.shape.indices.allSatisfy({ $0 == axis || indices.shape[$0] <= data.shape[$0] })
    else { throw .invalid("takes \(indices.shape) elements out of \(data.shape)") }
    return [TensorType(data.dtype, try Axes.checked(indices.shape, data.dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    try StridedView.checkElements(type.dtype)
    let (data, indices) = (inputs[0], inputs[1].integers ?? [])
    let axis = try Axes.position(axis, rank: data.rank)
    let (width, length, strides) = (data.dtype.bits / 8, data.shape[axis], Axes.strides(data.shape))
    for index in indices where index >= length || index < -length {
      throw OperatorError(.badData, "takes index \(index) of an axis of \(length)")
    }
    let storage = TensorStorage(byteCount: indices.count * width)
    var lines = strides
    lines[axis] = 0
    let walk = Walk(type.shape + [1], strides: [lines + [1]])
    data.withBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      walk.forEachRun { to, from, _, _, count in
        for i in 0..<count {
          let index = indices[to + i] < 0 ? indices[to + i] + length : indices[to + i]
          let element = from + i * walk.step(0) + index * strides[axis]
          (storage.bytes + (to + i) * width).copyMemory(from: base + element * width, byteCount: width)
        }
      }
    }
    return [Tensor(dtype: type.dtype, shape: type.shape, storage: storage)]
  }
}
