internal import COnnxProto
internal import ShrinkGraph

extension TensorReader {
  /// Most bytes that a sparse tensor may take when it is written out in full.
  static let maximumDenseBytes = 1 << 28

  /// The dense form of a sparse tensor: zeros, and its values at its indices, which are positions in the flat tensor
  /// (`[NNZ]`) or on each axis (`[NNZ, rank]`).
  func dense(_ message: UnsafeMutablePointer<Onnx__SparseTensorProto>, place: String) throws(ShrinkError) -> Tensor {
    guard let values = message.pointee.values, let indices = message.pointee.indices else {
      throw .sparse(place, "it lacks its values or its indices")
    }
    let given = try tensor(values, spans: false, place: place)
    let at = try tensor(indices, spans: false, place: place)
    let shape = UnsafeBufferPointer(start: message.pointee.dims, count: message.pointee.n_dims).map { Int($0) }
    guard let count = Tensor.checkedCount(shape), let byteCount = given.dtype.byteCount(count),
      byteCount <= Self.maximumDenseBytes, given.dtype.bits >= 8
    else { throw .sparse(place, "its shape \(shape) is impossible, or takes more than 256 MB in full") }
    guard at.dtype == .int64, at.shape == [given.count] || at.shape == [given.count, shape.count] else {
      throw .sparse(
        place, "its indices have shape \(at.shape), which fits neither \(given.count) values nor their axes")
    }
    let storage = TensorStorage(byteCount: byteCount)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    let size = given.dtype.bits / 8
    let positions = try flat(at, shape, count, place)
    given.withBytes { bytes in
      for (i, position) in positions.enumerated() {
        if let from = bytes.baseAddress {
          (storage.bytes + position * size).copyMemory(from: from + i * size, byteCount: size)
        }
      }
    }
    return Tensor(dtype: given.dtype, shape: shape, storage: storage)
  }

  private func flat(_ indices: Tensor, _ shape: [Int], _ count: Int, _ place: String) throws(ShrinkError) -> [Int] {
    let sizes = indices.rank == 1 ? [count] : shape
    let numbers = indices.elements(Int64.self)
    var result: [Int] = []
    for row in 0..<indices.shape[0] {
      var position = 0
      for (axis, size) in sizes.enumerated() {
        let index = numbers[row * sizes.count + axis]
        guard index >= 0, index < size else { throw .sparse(place, "its index \(index) is outside of \(shape)") }
        position = position * size + Int(index)
      }
      result.append(position)
    }
    return result
  }
}

extension ShrinkError {
  fileprivate static func sparse(_ place: String, _ fact: String) -> ShrinkError {
    ShrinkError(.malformedModel, place: place, fact, hint: "the file is damaged: export the model again")
  }
}
