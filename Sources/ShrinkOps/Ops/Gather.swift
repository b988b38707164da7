import ShrinkGraph

/// Takes the slices of one axis that the second operand lists.
package struct Gather: Operator {
  package static let names = ["Gather"]
  package static let opsets = 1...28
  package static let inputs = 2...2
  package var useOfAll: String { "picks among them" }
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
    guard let picked = picked(c) else { return }
    for (i, from) in picked.enumerated() { c.tie(.input(0, axis), from: from, .output(0, axis), from: i, count: 1) }
  }

  /// The indices of a list that picks several indices of the axis, none of them twice.
  ///
  /// Nil for other lists, whose axes all of must stay.
  private func picked(_ c: Coupling) -> [Int]? {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count), c.isStored(1),
      c.inputs[1].shape.count == 1, let list = c.inputs[1].constant?.integers, list.count > 1
    else { return nil }
    let length = c.size(.input(0, axis))
    let picked = list.map { $0 < 0 ? $0 + length : $0 }
    return Set(picked).count == picked.count && picked.allSatisfy { (0..<length).contains($0) } ? picked : nil
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count), let picked = picked(c) else { return [] }
    let kept = size.indices(.input(0, axis))
    guard kept.count < c.size(.input(0, axis)) else { return [] }
    var place: [Int: Int64] = [:]
    for (i, index) in kept.enumerated() { place[index] = Int64(i) }
    let list = picked.compactMap { place[$0] }
    let isNarrow = c.inputs[1].dtype == .int32
    return [
      .operand(1, isNarrow ? Tensor(shape: [list.count], list.map { Int32($0) }) : Tensor(shape: [list.count], list))
    ]
  }
}
