import ShrinkGraph

/// Writes new elements into a cache, from a place of each sample on.
package struct TensorScatter: Operator {
  package static let names = ["TensorScatter"]
  package static let opsets = 24...28
  package static let inputs = 2...3

  private let axis: Int
  private let isCircular: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: -2)
    let mode = try attributes.string("mode") ?? "linear"
    guard mode == "linear" || mode == "circular" else { throw .invalid("mode is '\(mode)'") }
    isCircular = mode == "circular"
  }

  private func checkedAxis(_ inputs: Operands<TensorType>) throws(OperatorError) -> Int {
    let (cache, update) = (inputs[0].shape, inputs[1].shape)
    let axis = try Axes.position(axis, rank: cache.count)
    guard axis > 0, update.count == cache.count, update[axis] <= cache[axis], inputs[0].dtype == inputs[1].dtype,
      cache.indices.allSatisfy({ $0 == axis || cache[$0] == update[$0] })
    else {
      throw .invalid("writes \(inputs[1].dtype)\(update) into \(inputs[0].dtype)\(cache) along axis \(axis)")
    }
    if let starts = inputs.optional(2)?.shape, starts != [cache[0]] {
      throw .invalid("write_indices have shape \(starts) for \(cache[0]) samples")
    }
    return axis
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    _ = try checkedAxis(inputs)
    return [TensorType(inputs[0].dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (cache, update) = (inputs[0], inputs[1])
    let axis = try checkedAxis(inputs.types)
    try StridedView.checkElements(cache.dtype)
    guard cache.count > 0 else { return [cache] }
    let (places, written) = (cache.shape[axis], update.shape[axis])
    let width = cache.shape[(axis + 1)...].product * (cache.dtype.bits / 8)
    let (blocks, own) = (cache.shape[1..<axis].product, TensorStorage(byteCount: cache.byteCount))
    cache.withBytes { if let from = $0.baseAddress { own.bytes.copyMemory(from: from, byteCount: $0.count) } }
    let starts = try starts(inputs.optional(2), samples: cache.shape[0], places, written)
    update.withBytes { bytes in
      guard let from = bytes.baseAddress, written > 0 else { return }
      for block in 0..<(cache.shape[0] * blocks) {
        let start = starts[block / blocks]
        let ahead = min(written, places - start)
        let (to, source) = (own.bytes + block * places * width, from + block * written * width)
        (to + start * width).copyMemory(from: source, byteCount: ahead * width)
        to.copyMemory(from: source + ahead * width, byteCount: (written - ahead) * width)
      }
    }
    return [Tensor(dtype: cache.dtype, shape: cache.shape, storage: own)]
  }

  /// Where each sample is written; a write goes around the end only when the cache is circular.
  private func starts(
    _ operand: Tensor?, samples: Int, _ places: Int, _ written: Int
  ) throws(OperatorError) -> [Int] {
    guard let operand else { return [Int](repeating: 0, count: samples) }
    guard let given = operand.integers else { throw .unsupportedType(operand.dtype) }
    let starts = isCircular && places > 0 ? given.map { ($0 % places + places) % places } : given
    guard starts.allSatisfy({ $0 >= 0 && $0 <= places && (isCircular || $0 <= places - written) }) else {
      throw OperatorError(.badData, "writes \(written) places from \(given) on into a cache of \(places)")
    }
    return starts
  }
}
