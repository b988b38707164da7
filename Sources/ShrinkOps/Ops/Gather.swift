import ShrinkGraph

/// Takes the slices of one axis that the second operand lists.
package struct Gather: Operator {
  package static let names = ["Gather"]
  package static let opsets = 1...28
  package static let inputs = 2...2
  private let axis: Int

  package init(_ attributes: Attributes) throws(OperatorError) { axis = try attributes.int("axis", default: 0) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (data, indices) = (inputs[0], inputs[1])
    let axis = try Axes.position(axis, rank: data.shape.count)
    guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .unsupportedType(indices.dtype) }
    let shape = data.shape[..<axis] + indices.shape + data.shape[(axis + 1)...]
    return [TensorType(data.dtype, try Axes.checked(Array(shape), data.dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    try StridedView.checkElements(type.dtype)
    let data = inputs[0]
    let axis = try Axes.position(axis, rank: data.rank)
    let length = data.shape[axis]
    var rows: [Int] = []
    for index in try Axes.indices(inputs[1]) { rows.append(try Axes.index(index, length: length)) }
    let outer = Tensor.count(Array(data.shape[..<axis]))
    let inner = Tensor.count(Array(data.shape[(axis + 1)...])) * (data.dtype.bits / 8)
    let storage = TensorStorage(byteCount: outer * rows.count * inner)
    data.withBytes { bytes in
      guard let from = bytes.baseAddress, inner > 0 else { return }
      var to = storage.bytes
      for block in 0..<outer {
        for row in rows {
          to.copyMemory(from: from + (block * length + row) * inner, byteCount: inner)
          to += inner
        }
      }
    }
    return [Tensor(dtype: type.dtype, shape: type.shape, storage: storage)]
  }

  package func couple(_ c: inout Coupling) {
    let rank = c.inputs[0].shape.count
    guard let axis = try? Axes.position(axis, rank: rank) else { return }
    let shift = c.inputs[1].shape.count - 1
    for other in 0..<rank where other != axis {
      c.tie(.input(0, other), .output(0, other < axis ? other : other + shift))
    }
  }
}
