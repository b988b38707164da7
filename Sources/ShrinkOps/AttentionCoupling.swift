import ShrinkGraph

/// The sizes that axes of an attention have in common, and the ties that follow.
///
/// Heads of queries are heads of keys × repeats. Packed axes are heads × width. The width of queries goes with that of keys,
/// the width of values with that of the result; they are one where the operator keeps both in one shape.
struct AttentionCoupling {
  private let plan: AttentionPlan
  private let groups: Coupling.Factor, repeats: Coupling.Factor
  private let width: Coupling.Factor, valueWidth: Coupling.Factor

  /// Nil where there is nothing to attend to.
  init?(_ plan: AttentionPlan, hasOneWidth: Bool = false, _ c: inout Coupling) {
    guard plan.keyHeads > 0, plan.queryHeads > 0, plan.width > 0, plan.valueWidth > 0 else { return nil }
    self.plan = plan
    groups = c.factor(plan.keyHeads)
    repeats = c.factor(plan.queryHeads / plan.keyHeads)
    width = c.factor(plan.width)
    valueWidth = hasOneWidth ? width : c.factor(plan.valueWidth)
  }

  /// Names heads and width of queries, and what they are multiplied with: [batch, heads, …, width] or packed.
  func couple(query: Int, key: Int, value: Int, _ c: inout Coupling) {
    let (q, k) = (last(query, c), last(key, c))
    couple(.input(query, 1), packed: q, [groups, repeats], width, &c)
    couple(.input(key, 1), packed: k, [groups], width, &c)
    couple(.input(value, 1), packed: last(value, c), [groups], valueWidth, &c)
    let y = Port.output(0, c.outputs[0].shape.count - 1)
    couple(.output(0, 1), packed: y, [groups, repeats], valueWidth, &c)
    tieBatch([.input(query, 0), .input(key, 0), .input(value, 0), .output(0, 0)], &c)
  }

  /// The pair that is summed over.
  func pair(query: Int, key: Int, _ c: inout Coupling) {
    if plan.width > 1 { c.pairPart(of: last(query, c), last(key, c)) }
  }

  /// No element of queries and keys may go.
  func pinWidth(_ c: inout Coupling) { c.pin(width) }

  /// Keys or values of the past and present, [batch, heads, places, width].
  func coupleCache(_ past: Int?, present: Int?, isValue: Bool, _ c: inout Coupling) {
    let ports =
      [past.flatMap { c.inputs.optional($0) == nil ? nil : Port.input($0, 0) }]
      + [present.flatMap { $0 < c.outputs.count ? Port.output($0, 0) : nil }]
    for port in ports.compactMap(\.self) {
      name(port.moved(to: 1), [groups], &c)
      name(port.moved(to: 3), [isValue ? valueWidth : width], &c)
      tieBatch([.output(0, 0), port], &c)
    }
  }

  /// Scores, or what is added to them: axes that end with [batch, heads, queries, keys] and repeat where they are 1.
  func coupleScores(_ port: Port, rank: Int, _ c: inout Coupling) {
    if rank > 2 { name(port.moved(to: rank - 3), [groups, repeats], &c) }
    if rank > 3 { tieBatch([.output(0, 0), port.moved(to: rank - 4)], &c) }
  }

  /// Ties axes that are as long as the batch; of length 1 they repeat, and stay.
  func tieBatch(_ ports: [Port], _ c: inout Coupling) {
    guard plan.batch > 1 else { return }
    for port in ports.dropFirst() where c.size(port) == plan.batch { c.tie(ports[0], port) }
  }

  private func last(_ slot: Int, _ c: Coupling) -> Port { .input(slot, c.inputs[slot].shape.count - 1) }

  private func couple(
    _ heads: Port, packed: Port, _ factors: [Coupling.Factor], _ width: Coupling.Factor, _ c: inout Coupling
  ) {
    if packed.axis == 2 { return name(packed, factors + [width], &c) }
    name(heads, factors, &c)
    name(packed, [width], &c)
  }

  /// Says what an axis is made of; an axis that repeats has another length and is left alone.
  private func name(_ port: Port, _ factors: [Coupling.Factor], _ c: inout Coupling) {
    let own = factors.filter { $0.size > 1 }
    guard !own.isEmpty, own.map(\.size).product == c.size(port) else { return }
    c.split(port, into: own)
  }

  /// Heads that are left on a packed axis of heads of a width.
  static func heads(_ port: Port, width: Int, _ size: KeptAxes) -> Int {
    Set(size.indices(port).map { $0 / width }).count
  }

  /// Edits of the attributes that hold numbers of heads, and the factor of the scores where it followed from the width.
  ///
  /// `hasScale`: whether the factor is given.
  func resize(
    query: Int, key: Int, names: [(name: String, isKey: Bool)], hasScale: Bool, _ c: Coupling, to size: KeptAxes
  ) -> [Resize] {
    let isSplit = c.inputs[query].shape.count == 4
    let (q, k) = (last(query, c), last(key, c))
    let queryHeads = isSplit ? size(.input(query, 1)) : Self.heads(q, width: plan.width, size)
    let keyHeads = k.axis == 3 ? size(.input(key, 1)) : Self.heads(k, width: plan.width, size)
    var edits: [Resize] = []
    for (name, isKey) in names {
      let (old, new) = isKey ? (plan.keyHeads, keyHeads) : (plan.queryHeads, queryHeads)
      if old != new { edits.append(.attribute(name, .int(Int64(new)))) }
    }
    let width = isSplit ? size(q) : size(q) / max(1, queryHeads)
    if width != plan.width, !hasScale { edits.append(.attribute("scale", .float(Float(plan.scale)))) }
    return edits
  }
}

extension Port {
  /// Another axis of the same operand or result.
  fileprivate func moved(to axis: Int) -> Port { isOutput ? .output(slot, axis) : .input(slot, axis) }
}
