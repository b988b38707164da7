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
      key = try p.present(key, inputs.optional(4), width: p.width)
      value = try p.present(value, inputs.optional(5), width: p.valueWidth)
    }
    let computed = try p.attend(
      inputs[0], key, value, mask: inputs.optional(3), shape: types[0].shape, keepsScores: outputs == 4)
    return Array([computed.y, key, value, computed.scores ?? computed.y].prefix(outputs))
  }

  package func couple(_ c: inout Coupling) {
    guard let p = try? plan(c.inputs), let shared = AttentionCoupling(p, &c) else { return }
    shared.couple(query: 0, key: 1, value: 2, &c)
    shared.pair(query: 0, key: 1, &c)
    shared.coupleCache(4, present: 1, isValue: false, &c)
    shared.coupleCache(5, present: 2, isValue: true, &c)
    if let mask = c.inputs.optional(3) { shared.coupleScores(.input(3, 0), rank: mask.shape.count, &c) }
    if c.outputs.count == 4 { shared.coupleScores(.output(3, 0), rank: 4, &c) }
    if c.inputs.optional(6) != nil { shared.tieBatch([.output(0, 0), .input(6, 0)], &c) }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    var unused = c
    guard let p = try? plan(c.inputs), let shared = AttentionCoupling(p, &unused) else { return [] }
    let names = [("q_num_heads", false, queryHeads), ("kv_num_heads", true, keyHeads)].filter { $0.2 != nil }
    return shared.resize(
      query: 0, key: 1, names: names.map { ($0.0, $0.1) }, hasScale: scale != nil, c, to: size)
  }
}
