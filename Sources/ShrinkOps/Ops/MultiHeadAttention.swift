import ShrinkGraph

/// Attention of ONNX Runtime to keys and values that other nodes have projected.
///
/// Operands query [batch, queries, heads · width], key and value alike or as [batch, heads, keys, width], bias of all
/// three, key_padding_mask, attention_bias, past_key and past_value; results Y, present_key, present_value and the
/// scores. Packed operands and shared buffers are forms of other processors.
package struct MultiHeadAttention: Operator {
  package static let domain = "com.microsoft"
  package static let names = ["MultiHeadAttention"]
  package static let opsets = 1...1
  package static let inputs = 1...10

  private let options: ProjectedAttention
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    options = try ProjectedAttention(attributes)
    outputs = max(1, attributes.outputs)
    guard outputs <= 4 else { throw .invalid("names \(outputs) results where 1 to 4 belong") }
  }

  private func plan(_ inputs: Operands<TensorType>) throws(OperatorError) -> AttentionPlan {
    let (q, heads) = (inputs[0].shape, options.heads)
    guard q.count == 3, let k = inputs.optional(1)?.shape, let v = inputs.optional(2)?.shape else {
      throw .unsupported("attends from \(q): packed queries, keys and values")
    }
    guard inputs.optional(8) == nil, inputs.optional(9) == nil else {
      throw .unsupported("keys and values of the past in a shared buffer")
    }
    let width = try options.width(q[2], "queries")
    var (length, valueWidth) = (0, width)
    if k.count == 3 && v.count == 3 {
      guard k[0] == q[0], k[2] == q[2], v.prefix(2) == k.prefix(2) else {
        throw .invalid("attends from \(q) to keys \(k) and values \(v)")
      }
      (length, valueWidth) = (k[1], try options.width(v[2], "values"))
    } else {
      guard k.count == 4, v == k, k[0] == q[0], k[1] == heads, k[3] == width else {
        throw .invalid("attends from \(q) to keys \(k) and values \(v)")
      }
      length = k[2]
    }
    let past = try past(inputs, k, width, valueWidth)
    let (keys, overflow) = past.addingReportingOverflow(length)
    guard !overflow else { throw .invalid("keeps \(past) keys") }
    let p = AttentionPlan(
      batch: q[0], queryHeads: heads, keyHeads: heads, queries: q[1], keys: keys, past: past, width: width,
      valueWidth: valueWidth, isPackedQuery: true,
      isPackedKey: k.count == 3 && inputs.optional(6) == nil && outputs == 1, scale: options.scale(width: width),
      isCausal: options.isCausal, scoresMode: 2, hidden: -Double(Float.greatestFiniteMagnitude))
    try check(inputs, p)
    return p
  }

  /// Keys that come from the past.
  private func past(
    _ inputs: Operands<TensorType>, _ key: [Int], _ width: Int, _ valueWidth: Int
  ) throws(OperatorError) -> Int {
    guard let pastKey = inputs.optional(6)?.shape, let pastValue = inputs.optional(7)?.shape else {
      guard inputs.optional(6) == nil, inputs.optional(7) == nil else { throw .invalid("has a past of one kind only") }
      return 0
    }
    guard outputs >= 3 else { throw .unsupported("a past without present_key and present_value") }
    guard key.count == 3, pastKey.count == 4, pastKey == pastValue, valueWidth == width,
      pastKey == [key[0], options.heads, pastKey[2], width]
    else { throw .invalid("keeps keys \(pastKey) and values \(pastValue) for keys \(key)") }
    return pastKey[2]
  }

  private func check(_ inputs: Operands<TensorType>, _ p: AttentionPlan) throws(OperatorError) {
    let size = p.queryHeads * (2 * p.width + p.valueWidth), dtype = inputs[0].dtype
    if let bias = inputs.optional(3) {
      guard bias.shape == [size] else { throw .invalid("adds a bias \(bias.shape) where [\(size)] belongs") }
    }
    for slot in [1, 2, 3, 6, 7] {
      guard let operand = inputs.optional(slot), operand.dtype != dtype else { continue }
      throw .invalid("attends from \(dtype) with \(operand.dtype)")
    }
    _ = try options.form(inputs.optional(4)?.shape, p, allowsStarts: false)
    try options.checkBias(inputs.optional(5), p, dtype)
    try options.checkCausal(p)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (p, dtype) = (try plan(inputs), inputs[0].dtype)
    let results = [
      TensorType(dtype, [p.batch, p.queries, p.queryHeads * p.valueWidth]),
      TensorType(dtype, [p.batch, p.keyHeads, p.keys, p.width]),
      TensorType(dtype, [p.batch, p.keyHeads, p.keys, p.valueWidth]),
      TensorType(dtype, [p.batch, p.queryHeads, p.queries, p.keys]),
    ]
    for result in results.prefix(outputs) { _ = try Axes.checked(result.shape, dtype) }
    return Array(results.prefix(outputs))
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    let p = try plan(inputs.types)
    let width = p.queryHeads * p.width
    let query = try biased(inputs[0], inputs, from: 0)
    var (key, value) = (inputs[1], inputs[2])
    if key.rank == 3 {
      (key, value) = (try biased(key, inputs, from: width), try biased(value, inputs, from: 2 * width))
    }
    if !p.isPackedKey {
      key = try p.present(key, inputs.optional(6), width: p.width)
      value = try p.present(value, inputs.optional(7), width: p.valueWidth)
    }
    let mask = try options.added(inputs.optional(4), inputs.optional(5), p, allowsStarts: false)
    let found = try p.attend(query, key, value, mask: mask, shape: types[0].shape, keepsScores: outputs == 4)
    return Array([found.y, key, value, found.scores ?? found.y].prefix(outputs))
  }

  /// Whether keys and values have to keep one shape.
  private func hasOneWidth(_ inputs: Operands<TensorType>) -> Bool {
    inputs.optional(6) != nil || inputs.optional(1)?.shape.count == 4
  }

  package func couple(_ c: inout Coupling) {
    guard let p = try? plan(c.inputs) else { return }
    let isSplit = c.inputs.optional(1)?.shape.count == 4
    // Of a bias for keys and values that come projected nothing is read.
    guard c.inputs.optional(3) == nil || !isSplit,
      let shared = AttentionCoupling(p, hasOneWidth: hasOneWidth(c.inputs), &c)
    else { return }
    shared.couple(query: 0, key: 1, value: 2, &c)
    if c.inputs.optional(3) != nil {
      // What is summed over are sums with the bias, which no tensor shows.
      shared.pinWidth(&c)
      var first = 0
      for slot in 0...2 {
        let count = c.size(.input(slot, 2))
        c.tie(.input(3, 0), from: first, .input(slot, 2), from: 0, count: count)
        first += count
      }
    } else {
      shared.pair(query: 0, key: 1, &c)
    }
    shared.coupleCache(6, present: 1, isValue: false, &c)
    shared.coupleCache(7, present: 2, isValue: true, &c)
    if c.inputs.optional(5) != nil { shared.coupleScores(.input(5, 0), rank: 4, &c) }
    if c.outputs.count == 4 { shared.coupleScores(.output(3, 0), rank: 4, &c) }
    if c.inputs.optional(4) != nil { shared.tieBatch([.output(0, 0), .input(4, 0)], &c) }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    var unused = c
    guard let p = try? plan(c.inputs), let shared = AttentionCoupling(p, hasOneWidth: hasOneWidth(c.inputs), &unused)
    else { return [] }
    return shared.resize(query: 0, key: 1, names: [("num_heads", false)], hasScale: options.scale != nil, c, to: size)
  }

  /// Adds the part of the bias that begins at `first`.
  private func biased(_ x: Tensor, _ inputs: Operands<Tensor>, from first: Int) throws(OperatorError) -> Tensor {
    guard let bias = inputs.optional(3) else { return x }
    let part = try StridedView(shape: [x.shape[2]], strides: [1], start: first).copied(from: bias)
    return try Arithmetic.add(x, part)
  }
}
