import ShrinkGraph

/// Takes the slices that the tuples in the last axis of the second operand point at.
///
/// data [B…, D…], indices [B…, I…, k] → [B…, I…, D[k…]…], with `batch_dims` axes B that both share. Source: ONNX
/// GatherND-13.
package struct GatherND: Operator {
  package static let names = ["GatherND"]
  package static let opsets = 11...28
  package static let inputs = 2...2
  private let batchAxes: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    batchAxes = try attributes.int("batch_dims", default: 0)
    guard batchAxes >= 0 else { throw .invalid("attribute 'batch_dims' is \(batchAxes)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (data, indices) = (inputs[0], inputs[1])
    guard indices.dtype == .int64 || indices.dtype == .int32 else { throw .unsupportedType(indices.dtype) }
    guard let depth = indices.shape.last, batchAxes < indices.shape.count, batchAxes <= data.shape.count,
      depth >= 1, depth <= data.shape.count - batchAxes,
      data.shape.prefix(batchAxes) == indices.shape.prefix(batchAxes)
    else {
      throw .invalid("takes \(indices.shape) indices out of \(data.shape), which share \(batchAxes) axes")
    }
    return [try .sized(data.dtype, indices.shape.dropLast() + data.shape.dropFirst(batchAxes + depth))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (data, indices) = (inputs[0], inputs[1])
    let type = try infer(inputs.types)[0]
    try StridedView.checkElements(type.dtype)
    let depth = indices.shape[indices.rank - 1]
    let sizes = data.shape[batchAxes..<(batchAxes + depth)]
    let batches = data.shape.prefix(batchAxes).product
    let inner = data.shape.dropFirst(batchAxes + depth).product
    let starts = try Tuples.starts(try Axes.indices(indices), in: Array(sizes))
    let (batch, width) = (sizes.product * inner, inner * (data.dtype.bits / 8))
    let perBatch = batches == 0 ? 0 : starts.count / batches
    let storage = TensorStorage(byteCount: starts.count * width)
    data.withBytes { bytes in
      guard let from = bytes.baseAddress, width > 0 else { return }
      for (row, start) in starts.enumerated() {
        let element = row / perBatch * batch + start * inner
        (storage.bytes + row * width).copyMemory(from: from + element * (data.dtype.bits / 8), byteCount: width)
      }
    }
    return [Tensor(dtype: type.dtype, shape: type.shape, storage: storage)]
  }

  /// The axes behind those that the indices point into pass as they are.
  package func couple(_ c: inout Coupling) {
    guard let depth = c.inputs[1].shape.last else { return }
    let lead = c.inputs[1].shape.count - 1
    for (i, axis) in (batchAxes + depth..<c.inputs[0].shape.count).enumerated() {
      c.tie(.input(0, axis), .output(0, lead + i))
    }
  }
}

/// Indices that come in tuples, one entry an axis.
enum Tuples {
  /// Where each tuple points in a row-major array of `sizes`, which must not be empty; negative entries count from the end.
  ///
  /// Throws when one is out of range.
  static func starts(_ entries: [Int], in sizes: [Int]) throws(OperatorError) -> [Int] {
    let strides = Axes.strides(sizes)
    var result: [Int] = []
    result.reserveCapacity(entries.count / sizes.count)
    for first in stride(from: 0, to: entries.count, by: sizes.count) {
      var start = 0
      for axis in sizes.indices {
        start += try Axes.index(entries[first + axis], length: sizes[axis]) * strides[axis]
      }
      result.append(start)
    }
    return result
  }
}
