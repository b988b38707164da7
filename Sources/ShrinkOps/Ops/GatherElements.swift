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
    let data = inputs[0]
    let axis = try Axes.position(axis, rank: data.rank)
    var offsets = try Axes.indices(inputs[1])
    var lines = Axes.strides(data.shape)
    let step = lines[axis]
    lines[axis] = 0
    for i in offsets.indices { offsets[i] = try Axes.index(offsets[i], length: data.shape[axis]) * step }
    let storage = TensorStorage(byteCount: offsets.count * (data.dtype.bits / 8))
    let walk = Walk(type.shape, strides: [lines])
    data.withBytes { bytes in
      guard let from = bytes.baseAddress else { return }
      switch data.dtype.bits {
      case 8: Self.take(from, walk, offsets, storage, UInt8.self)
      case 16: Self.take(from, walk, offsets, storage, UInt16.self)
      case 32: Self.take(from, walk, offsets, storage, UInt32.self)
      case 64: Self.take(from, walk, offsets, storage, UInt64.self)
      default: Self.take(from, walk, offsets, storage, (UInt64, UInt64).self)
      }
    }
    return [Tensor(dtype: type.dtype, shape: type.shape, storage: storage)]
  }

  /// Copies the element that stands `offsets` behind the line of each result.
  private static func take<T>(
    _ from: UnsafeRawPointer, _ walk: Walk, _ offsets: [Int], _ storage: TensorStorage, _: T.Type
  ) {
    let source = from.assumingMemoryBound(to: T.self)
    let target = storage.bytes.bindMemory(to: T.self, capacity: offsets.count)
    let step = walk.step(0)
    offsets.withUnsafeBufferPointer { offsets in
      walk.forEachRun { to, line, _, _, count in
        for i in to..<(to + count) { target[i] = source[line + (i - to) * step + offsets[i]] }
      }
    }
  }
}
