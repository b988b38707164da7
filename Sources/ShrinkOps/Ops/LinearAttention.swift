import ShrinkGraph
import ShrinkMath

/// Attention whose memory of the past is a matrix S for each head, read and written step by step.
///
///   S ← e^g S   S ← S + k ⊗ v, or k ⊗ β (v - Sᵀ k)   o = scale · Sᵀ q
///
/// Operands query, key, value, past_state [batch, heads, d_k, d_v], decay (logarithms g, one a head or one a key element),
/// beta; sequences are [batch, steps, heads · width]. Sources: Katharopoulos et al., "Transformers are RNNs", 2020; Yang
/// et al., "Gated Delta Networks", 2024.
package struct LinearAttention: Operator {
  package static let names = ["LinearAttention"]
  package static let opsets = 27...28
  package static let inputs = 3...6

  private let queryHeads: Int
  private let keyHeads: Int
  private let scale: Float
  private let isGated: Bool
  private let isDelta: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    queryHeads = try attributes.int("q_num_heads", default: 0)
    keyHeads = try attributes.int("kv_num_heads", default: 0)
    scale = try attributes.float("scale", default: 0)
    let rule = try attributes.string("update_rule") ?? "gated_delta"
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else { throw .invalid("update_rule is '\(rule)'") }
    isGated = rule.hasPrefix("gated")
    isDelta = rule.hasSuffix("delta")
    guard keyHeads > 0, queryHeads > 0, queryHeads % keyHeads == 0 else {
      throw .invalid("has \(queryHeads) heads of queries for \(keyHeads) of keys")
    }
  }

  private struct Sizes {
    let batch: Int, steps: Int, keyWidth: Int, valueWidth: Int
    /// Decays of a head, and rates of a step.
    let decays: Int, rates: Int
  }

  private func sizes(_ inputs: Operands<TensorType>) throws(OperatorError) -> Sizes {
    let (q, k, v) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
    guard q.count == 3, k.count == 3, v.count == 3, q[..<2] == k[..<2], q[..<2] == v[..<2], q[2] % queryHeads == 0,
      k[2] % keyHeads == 0, v[2] % keyHeads == 0, q[2] / queryHeads == k[2] / keyHeads
    else { throw .invalid("attends from \(q) to keys \(k) and values \(v)") }
    let decay = inputs.optional(4)?.shape, beta = inputs.optional(5)?.shape
    guard (decay != nil) == isGated, (beta != nil) == isDelta else {
      throw .invalid("its update rule and its operands decay and beta do not fit")
    }
    let s = Sizes(
      batch: q[0], steps: q[1], keyWidth: k[2] / keyHeads, valueWidth: v[2] / keyHeads,
      decays: decay.map { $0.last == keyHeads ? 1 : k[2] / keyHeads } ?? 0, rates: beta?.last ?? 0)
    guard decay == nil || decay == [q[0], q[1], keyHeads * s.decays], beta == nil || [1, keyHeads].contains(s.rates),
      beta == nil || beta == [q[0], q[1], s.rates]
    else { throw .invalid("decays by \(decay ?? []) and writes by \(beta ?? []) for keys \(k)") }
    let state = [s.batch, keyHeads, s.keyWidth, s.valueWidth]
    guard inputs.optional(3) == nil || inputs.optional(3)?.shape == state else {
      throw .invalid("past_state has shape \(inputs.optional(3)?.shape ?? []) where \(state) belongs")
    }
    return s
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (s, dtype) = (try sizes(inputs), inputs[0].dtype)
    let packed = try TensorType.sized(dtype, [s.batch, s.steps, queryHeads, s.valueWidth]).shape
    let state = [s.batch, keyHeads, s.keyWidth, s.valueWidth]
    return [
      TensorType(dtype, try Axes.checked([s.batch, s.steps, packed[2] * packed[3]], dtype)),
      TensorType(inputs.optional(3)?.dtype ?? dtype, try Axes.checked(state, .float32)),
    ]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    guard inputs.present.allSatisfy({ $0.dtype.isFloat }) else { throw .noKernel(for: inputs[0].dtype) }
    var wide: [Tensor?] = []
    for item in inputs.items {
      wide.append(try item.map { (x) throws(OperatorError) in try Conversion.convert(x, to: .float32) })
    }
    let results = try run(wide: Operands(wide), types)
    return [
      try Conversion.convert(results.y, to: types[0].dtype), try Conversion.convert(results.state, to: types[1].dtype),
    ]
  }

  private func run(
    wide inputs: Operands<Tensor>, _ types: [TensorType]
  ) throws(OperatorError) -> (y: Tensor, state: Tensor) {
    let s = try sizes(inputs.types)
    let y = Tensor.unwritten(types[0].shape, Float.self), state = Tensor.unwritten(types[1].shape, Float.self)
    let size = s.keyWidth * s.valueWidth
    defer { withExtendedLifetime((inputs, y, state)) {} }
    let past = inputs.optional(3)?.start(Float.self)
    guard y.tensor.count + state.tensor.count > 0 else { return (y.tensor, state.tensor) }
    Parallel.forEach(s.batch * keyHeads) { heads in
      let room = UnsafeMutablePointer<Float>.allocate(capacity: s.valueWidth)
      defer { room.deallocate() }
      for head in heads {
        let own = state.start + head * size
        if let past { own.update(from: past + head * size, count: size) } else { own.update(repeating: 0, count: size) }
        for step in 0..<s.steps {
          let row = head / keyHeads * s.steps + step
          write(inputs, s, row, head % keyHeads, own, room)
          read(inputs, s, row, head % keyHeads, own, y.start)
        }
      }
    }
    return (y.tensor, state.tensor)
  }

  /// Lets the memory of a head fade and adds a key with its value.
  private func write(
    _ inputs: Operands<Tensor>, _ s: Sizes, _ row: Int, _ head: Int, _ state: UnsafeMutablePointer<Float>,
    _ room: UnsafeMutablePointer<Float>
  ) {
    let (n, m) = (s.keyWidth, s.valueWidth)
    let key = inputs[1].start(Float.self) + (row * keyHeads + head) * n
    let value = inputs[2].start(Float.self) + (row * keyHeads + head) * m
    if let decay = inputs.optional(4)?.start(Float.self) {
      let own = decay + (row * keyHeads + head) * s.decays
      for i in 0..<n {
        let factor = Float.exponential(own[s.decays == 1 ? 0 : i])
        for j in 0..<m { state[i * m + j] *= factor }
      }
    }
    room.update(from: value, count: m)
    if let beta = inputs.optional(5)?.start(Float.self) {
      for i in 0..<n { for j in 0..<m { room[j] -= key[i] * state[i * m + j] } }
      let rate = beta[row * s.rates + (s.rates == 1 ? 0 : head)]
      for j in 0..<m { room[j] *= rate }
    }
    for i in 0..<n { for j in 0..<m { state[i * m + j] += key[i] * room[j] } }
  }

  /// Reads the memory of a head for each of its queries.
  private func read(
    _ inputs: Operands<Tensor>, _ s: Sizes, _ row: Int, _ head: Int, _ state: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>
  ) {
    let (n, m, group) = (s.keyWidth, s.valueWidth, queryHeads / keyHeads)
    let factor = scale == 0 ? 1 / Float(n).squareRoot() : scale
    for own in (head * group)..<((head + 1) * group) {
      let query = inputs[0].start(Float.self) + (row * queryHeads + own) * n
      let to = y + (row * queryHeads + own) * m
      to.update(repeating: 0, count: m)
      for i in 0..<n { for j in 0..<m { to[j] += factor * query[i] * state[i * m + j] } }
    }
  }
}
