import ShrinkGraph

/// Scaled dot-product attention with several heads, masks and a cache of keys and values.
///
/// Operands Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen; results Y, present_key, present_value and
/// qk_matmul_output. Keys of fewer heads than queries serve several neighbouring heads each.
package struct Attention: Operator {
  package static let names = ["Attention"]
  package static let opsets = 23...28
  package static let inputs = 3...7

  private let queryHeads: Int?
  private let keyHeads: Int?
  private let scale: Float?
  private let softcap: Float
  private let isCausal: Bool
  private let windows: (left: Int?, right: Int?)
  private let scoresMode: Int
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    queryHeads = try attributes.int("q_num_heads")
    keyHeads = try attributes.int("kv_num_heads")
    scale = try attributes.float("scale")
    softcap = try attributes.float("softcap", default: 0)
    isCausal = try attributes.int("is_causal", default: 0) != 0
    scoresMode = try attributes.int("qk_matmul_output_mode", default: 0)
    outputs = max(1, attributes.outputs)
    let left = try attributes.int("left_window_size", default: -1)
    let right = try attributes.int("right_window_size", default: -1)
    windows = (left < 0 ? nil : left, right < 0 ? nil : right)
    guard left >= -1, right >= -1 else { throw .invalid("window sizes are \(left) and \(right)") }
    guard 0...3 ~= scoresMode else { throw .invalid("qk_matmul_output_mode is \(scoresMode)") }
    guard softcap >= 0 else { throw .invalid("softcap is \(softcap)") }
    guard outputs <= 4 else { throw .invalid("names \(outputs) results where 1 to 4 belong") }
  }

  private func plan(_ inputs: Operands<TensorType>) throws(OperatorError) -> AttentionPlan {
    let (q, k, v) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
    let (query, key, value) = (try heads(q, queryHeads), try heads(k, keyHeads), try heads(v, keyHeads))
    let pastKey = inputs.optional(4)?.shape, pastValue = inputs.optional(5)?.shape
    let past = pastKey.map { $0.count == 4 ? $0[2] : 0 } ?? 0
    let (keys, overflow) = past.addingReportingOverflow(key.length)
    guard q[0] == k[0], q[0] == v[0], key.heads == value.heads, key.length == value.length, query.width == key.width,
      key.heads > 0, query.heads % key.heads == 0, k.count == v.count, !overflow
    else { throw .invalid("attends from \(q) to keys \(k) and values \(v)") }
    guard (pastKey == nil) == (pastValue == nil), pastKey == nil || pastKey == [q[0], key.heads, past, key.width],
      pastValue == nil || pastValue == [q[0], key.heads, past, value.width]
    else { throw .invalid("keeps keys \(pastKey ?? []) and values \(pastValue ?? []) for keys \(k) and values \(v)") }
    if let lengths = inputs.optional(6) {
      guard pastKey == nil else { throw .invalid("has past keys and nonpad_kv_seqlen") }
      guard lengths.shape == [q[0]] else { throw .invalid("nonpad_kv_seqlen has shape \(lengths.shape)") }
    }
    if let mask = inputs.optional(3)?.shape { try checkMask(mask, [q[0], query.heads, query.length, keys]) }
    return AttentionPlan(
      batch: q[0], queryHeads: query.heads, keyHeads: key.heads, queries: query.length, keys: keys, past: past,
      width: key.width, valueWidth: value.width, isPackedQuery: q.count == 3,
      isPackedKey: k.count == 3 && pastKey == nil && outputs == 1,
      scale: scale.map(Double.init) ?? 1 / Double(key.width).squareRoot(), softcap: softcap, isCausal: isCausal,
      left: windows.left, right: windows.right, scoresMode: scoresMode)
  }

  private func heads(
    _ shape: [Int], _ heads: Int?
  ) throws(OperatorError) -> (heads: Int, length: Int, width: Int) {
    if shape.count == 4 { return (shape[1], shape[2], shape[3]) }
    guard shape.count == 3, let heads, heads > 0, shape[2] % heads == 0 else {
      throw .invalid("splits \(shape) into \(heads.map(String.init) ?? "no number of") heads")
    }
    return (heads, shape[1], shape[2] / heads)
  }

  private func checkMask(_ mask: [Int], _ scores: [Int]) throws(OperatorError) {
    let wanted = scores.suffix(mask.count)
    guard mask.count <= 4, let last = mask.last, last <= scores[3],
      zip(mask, wanted).dropLast().allSatisfy({ $0 == $1 || $0 == 1 })
    else { throw .invalid("masks scores of shape \(scores) by \(mask)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let p = try plan(inputs)
    let dtype = inputs[0].dtype
    let packed = try TensorType.sized(dtype, [p.batch, p.queries, p.queryHeads, p.valueWidth]).shape
    let y =
      p.isPackedQuery
      ? TensorType(dtype, Array(packed[..<2]) + [packed[2] * packed[3]])
      : TensorType(dtype, [p.batch, p.queryHeads, p.queries, p.valueWidth])
    let others = [
      TensorType(inputs[1].dtype, [p.batch, p.keyHeads, p.keys, p.width]),
      TensorType(inputs[2].dtype, [p.batch, p.keyHeads, p.keys, p.valueWidth]),
      TensorType(dtype, [p.batch, p.queryHeads, p.queries, p.keys]),
    ]
    for other in others.prefix(outputs - 1) { _ = try Axes.checked(other.shape, other.dtype) }
    return [y] + others.prefix(outputs - 1)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    var p = try plan(inputs.types)
    if let lengths = inputs.optional(6) {
      guard let counts = lengths.integers, counts.allSatisfy({ 0...p.keys ~= $0 }) else {
        throw OperatorError(.badData, "nonpad_kv_seqlen does not lie within 0 and \(p.keys)")
      }
      p.lengths = counts
    }
    var (key, value) = (inputs[1], inputs[2])
    if !p.isPackedKey {
      key = try present(key, inputs.optional(4), p, width: p.width)
      value = try present(value, inputs.optional(5), p, width: p.valueWidth)
    }
    let computed =
      inputs[0].dtype == .float64
      ? try compute(inputs, key, value, p, types[0].shape, Double.self)
      : try compute(inputs, key, value, p, types[0].shape, Float.self)
    var results = [computed.y, key, value, computed.scores ?? computed.y]
    for slot in [0, 3] where computed.scores != nil || slot == 0 {
      results[slot] = try Conversion.convert(results[slot], to: inputs[0].dtype)
    }
    return Array(results.prefix(outputs))
  }

  /// Past and new keys or values, as [batch, heads, keys, width].
  private func present(
    _ new: Tensor, _ past: Tensor?, _ p: AttentionPlan, width: Int
  ) throws(OperatorError) -> Tensor {
    var new = new
    if new.rank == 3 {
      let split = new.reshaped([p.batch, p.keys - p.past, p.keyHeads, width])
      new = try StridedView.transposing(split.shape, by: [0, 2, 1, 3]).copied(from: split)
    }
    guard let past else { return new }
    guard past.dtype == new.dtype else { throw .invalid("keeps \(past.dtype) with \(new.dtype)") }
    try StridedView.checkElements(new.dtype)
    let size = new.dtype.bits / 8
    let (pastRow, newRow) = (p.past * width * size, (p.keys - p.past) * width * size)
    let storage = TensorStorage(byteCount: p.batch * p.keyHeads * (pastRow + newRow))
    defer { withExtendedLifetime((past, new)) {} }
    let (old, fresh) = (past.storage.bytes + past.offset, new.storage.bytes + new.offset)
    for head in 0..<(p.batch * p.keyHeads) {
      let to = storage.bytes + head * (pastRow + newRow)
      to.copyMemory(from: old + head * pastRow, byteCount: pastRow)
      (to + pastRow).copyMemory(from: fresh + head * newRow, byteCount: newRow)
    }
    return Tensor(dtype: new.dtype, shape: [p.batch, p.keyHeads, p.keys, width], storage: storage)
  }

  private func compute<T: KernelElement>(
    _ inputs: Operands<Tensor>, _ key: Tensor, _ value: Tensor, _ p: AttentionPlan, _ shape: [Int], _ type: T.Type
  ) throws(OperatorError) -> (y: Tensor, scores: Tensor?) {
    guard inputs[0].dtype.isFloat, inputs[0].dtype == key.dtype, value.dtype.isFloat else {
      throw .unsupportedType(inputs[0].dtype.isFloat ? key.dtype : inputs[0].dtype)
    }
    let query = try Conversion.convert(inputs[0], to: T.dtype)
    let (key, value) = (try Conversion.convert(key, to: T.dtype), try Conversion.convert(value, to: T.dtype))
    let mask = try inputs.optional(3).map { (mask) throws(OperatorError) in try additive(mask, T.self) }
    let y = Tensor.unwritten(shape, T.self)
    let scores = outputs == 4 ? Tensor.unwritten([p.batch, p.queryHeads, p.queries, p.keys], T.self) : nil
    guard y.tensor.count + (scores?.tensor.count ?? 0) > 0 else { return (y.tensor, scores?.tensor) }
    defer { withExtendedLifetime((query, key, value, mask)) {} }
    let wide = mask.map { mask in
      let full = [p.batch, p.queryHeads, p.queries, mask.shape.last ?? 1]
      return AttentionMask(
        start: mask.start(T.self), length: mask.shape.last ?? 1, strides: Broadcast.strides(mask.shape, in: full))
    }
    try AttentionKernel(
      plan: p, query: query.start(T.self), key: key.start(T.self), value: value.start(T.self), mask: wide,
      result: y.start, scores: scores?.start
    ).run()
    return (y.tensor, scores?.tensor)
  }

  /// What a mask adds: nothing where it is true and minus infinity where it is false, or its own numbers.
  private func additive<T: KernelElement>(_ mask: Tensor, _ type: T.Type) throws(OperatorError) -> Tensor {
    guard mask.dtype == .bool else { return try Conversion.convert(mask, to: T.dtype) }
    return Elementwise.map(mask) { (isSeen: Bool) in isSeen ? T(0) : -T.infinity }
  }
}
