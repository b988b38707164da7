extension Tensor {
  /// Keeps the given indices along one axis, in their order.
  ///
  /// Every index must be within the axis; the element type must not be smaller than a byte.
  package func keeping(_ kept: [Int], axis: Int) -> Tensor {
    precondition(axis >= 0 && axis < rank && dtype.bits >= 8, "axis \(axis) of \(shape)")
    if kept.count == shape[axis], kept.enumerated().allSatisfy({ $0.offset == $0.element }) { return self }
    let outer = Self.count(Array(shape[..<axis]))
    let inner = Self.count(Array(shape[(axis + 1)...])) * dtype.bits / 8
    var small = shape
    small[axis] = kept.count
    let result = TensorStorage(byteCount: outer * kept.count * inner)
    withBytes { source in
      guard let base = source.baseAddress else { return }
      var to = result.bytes
      for block in 0..<outer {
        for index in kept {
          precondition(index >= 0 && index < shape[axis])
          to.copyMemory(from: base + (block * shape[axis] + index) * inner, byteCount: inner)
          to += inner
        }
      }
    }
    return Tensor(dtype: dtype, shape: small, storage: result)
  }
}
