import ShrinkGraph

/// Sizes and options of one attention.
struct AttentionPlan: Sendable {
  /// Samples, heads of queries, heads of keys and values.
  var batch: Int, queryHeads: Int, keyHeads: Int
  /// Queries, keys in all, keys that come from the past.
  var queries: Int, keys: Int, past: Int
  /// Elements of a query or key, and of a value.
  var width: Int, valueWidth: Int
  /// Whether queries (and results), keys and values stand as [batch, sequence, heads · width].
  var isPackedQuery: Bool, isPackedKey: Bool
  /// Factor of the scores.
  var scale: Double
  /// Bound of the scores; 0 for none.
  var softcap: Float = 0
  /// Whether a query sees no key behind its own place.
  var isCausal = false
  /// Keys that a query sees to the left and right of its place; nil for all.
  var left: Int? = nil, right: Int? = nil
  /// Which scores are wanted: 0 raw, 1 capped, 2 masked, 3 probabilities.
  var scoresMode = 0
  /// What stands in masked scores for keys that a query does not see.
  var hidden = -Double.infinity
  /// Keys of each sample that are there; nil for all.
  var lengths: [Int]? = nil

  /// Keys that a query sees as far as its place goes.
  func visible(query: Int, sample: Int) -> Range<Int> {
    let place = query + (past > 0 ? past : lengths.map { $0[sample] - queries } ?? 0)
    var (first, end) = (0, min(keys, lengths?[sample] ?? keys))
    if let left { first = place - min(left, place + 1) }
    if isCausal { end = min(end, place + 1) }
    if let right { end = min(end, place + min(right, keys) + 1) }
    first = max(0, min(first, keys))
    return first..<max(first, end)
  }
}

extension AttentionPlan {
  /// Past and new keys or values, as [batch, heads, keys, width].
  ///
  /// New ones may come as [batch, keys, heads · width].
  func present(_ new: Tensor, _ past: Tensor?, width: Int) throws(OperatorError) -> Tensor {
    var new = new
    if new.rank == 3 {
      let split = new.reshaped([batch, keys - self.past, keyHeads, width])
      new = try StridedView.transposing(split.shape, by: [0, 2, 1, 3]).copied(from: split)
    }
    guard let past else { return new }
    guard past.dtype == new.dtype else { throw .invalid("keeps \(past.dtype) with \(new.dtype)") }
    try StridedView.checkElements(new.dtype)
    let size = new.dtype.bits / 8
    let (pastRow, newRow) = (self.past * width * size, (keys - self.past) * width * size)
    let storage = TensorStorage(byteCount: batch * keyHeads * (pastRow + newRow))
    defer { withExtendedLifetime((past, new)) {} }
    let (old, fresh) = (past.storage.bytes + past.offset, new.storage.bytes + new.offset)
    for head in 0..<(batch * keyHeads) {
      let to = storage.bytes + head * (pastRow + newRow)
      to.copyMemory(from: old + head * pastRow, byteCount: pastRow)
      (to + pastRow).copyMemory(from: fresh + head * newRow, byteCount: newRow)
    }
    return Tensor(dtype: new.dtype, shape: [batch, keyHeads, keys, width], storage: storage)
  }

  /// The result, of `shape`, and the scores where they are to be kept, in the element type of the queries.
  ///
  /// A mask of numbers is added to the scores, one of truth values hides where it is false.
  func attend(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor?, shape: [Int], keepsScores: Bool = false
  ) throws(OperatorError) -> (y: Tensor, scores: Tensor?) {
    guard query.dtype.isFloat, query.dtype == key.dtype, value.dtype.isFloat else {
      throw .unsupportedType(query.dtype.isFloat ? key.dtype : query.dtype)
    }
    let found =
      query.dtype == .float64
      ? try attend(query, key, value, mask, shape, keepsScores, Double.self)
      : try attend(query, key, value, mask, shape, keepsScores, Float.self)
    let scores = try found.scores.map { (scores) throws(OperatorError) in
      try Conversion.convert(scores, to: query.dtype)
    }
    return (try Conversion.convert(found.y, to: query.dtype), scores)
  }

  private func attend<T: KernelElement>(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, _ shape: [Int], _ keepsScores: Bool, _: T.Type
  ) throws(OperatorError) -> (y: Tensor, scores: Tensor?) {
    let query = try Conversion.convert(query, to: T.dtype)
    let (key, value) = (try Conversion.convert(key, to: T.dtype), try Conversion.convert(value, to: T.dtype))
    let mask = try mask.map { (mask) throws(OperatorError) in try additive(mask, T.self) }
    let y = Tensor.unwritten(shape, T.self)
    let scores = keepsScores ? Tensor.unwritten([batch, queryHeads, queries, keys], T.self) : nil
    guard y.tensor.count + (scores?.tensor.count ?? 0) > 0 else { return (y.tensor, scores?.tensor) }
    defer { withExtendedLifetime((query, key, value, mask)) {} }
    let wide = mask.map { mask in
      let full = [batch, queryHeads, queries, mask.shape.last ?? 1]
      return AttentionMask(
        start: mask.start(T.self), length: mask.shape.last ?? 1, strides: Broadcast.strides(mask.shape, in: full))
    }
    try AttentionKernel(
      plan: self, query: query.start(T.self), key: key.start(T.self), value: value.start(T.self), mask: wide,
      result: y.start, scores: scores?.start
    ).run()
    return (y.tensor, scores?.tensor)
  }

  /// What a mask adds: nothing where it is true and minus infinity where it is false, or its own numbers.
  private func additive<T: KernelElement>(_ mask: Tensor, _: T.Type) throws(OperatorError) -> Tensor {
    guard mask.dtype == .bool else { return try Conversion.convert(mask, to: T.dtype) }
    return Elementwise.map(mask) { (isSeen: Bool) in isSeen ? T(0) : -T.infinity }
  }
}
