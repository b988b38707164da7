import ShrinkGraph
import ShrinkMath

/// Turns pairs of elements of each head by angles that belong to the place in the sequence.
///
///   (a, b) → (a cos φ - b sin φ, a sin φ + b cos φ)
///
/// Pairs are neighbours with `interleaved`, or else elements i and i + half of the turned part. X is
/// [batch, heads, sequence, width] or [batch, sequence, heads · width]; the caches of cosines and sines are
/// [places, half] with position_ids, or else [batch, sequence, half]. Source: Su et al., "RoFormer", 2021.
package struct RotaryEmbedding: Operator {
  package static let names = ["RotaryEmbedding"]
  package static let opsets = 23...28
  package static let inputs = 3...4

  private let isInterleaved: Bool
  private let turned: Int
  private let heads: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    isInterleaved = try attributes.int("interleaved", default: 0) != 0
    turned = try attributes.int("rotary_embedding_dim", default: 0)
    heads = try attributes.int("num_heads", default: 0)
    guard turned >= 0, heads >= 0 else { throw .invalid("turns \(turned) elements of \(heads) heads") }
  }

  /// Turns `turned` elements (0 for all) of each head.
  init(isInterleaved: Bool, turned: Int, heads: Int) {
    (self.isInterleaved, self.turned, self.heads) = (isInterleaved, turned, heads)
  }

  private struct Sizes {
    let batch: Int, heads: Int, length: Int, width: Int, half: Int
  }

  private func sizes(_ inputs: Operands<TensorType>) throws(OperatorError) -> Sizes {
    let x = inputs[0].shape
    let size: (heads: Int, length: Int, width: Int)
    if x.count == 4 {
      size = (x[1], x[2], x[3])
    } else {
      guard x.count == 3, heads > 0, x[2] % heads == 0 else { throw .invalid("splits \(x) into \(heads) heads") }
      size = (heads, x[1], x[2] / heads)
    }
    let part = turned == 0 ? size.width : turned
    guard part <= size.width, part % 2 == 0 else { throw .invalid("turns \(part) of \(size.width) elements") }
    let s = Sizes(batch: x[0], heads: size.heads, length: size.length, width: size.width, half: part / 2)
    let places = inputs.optional(3)?.shape
    guard places == nil || places == [s.batch, s.length] else {
      throw .invalid("position_ids have shape \(places ?? []) where [\(s.batch), \(s.length)] belongs")
    }
    for cache in [inputs[1].shape, inputs[2].shape] {
      let fits = places == nil ? cache == [s.batch, s.length, s.half] : cache.count == 2 && cache[1] == s.half
      guard fits else { throw .invalid("turns \(x) by a cache of shape \(cache)") }
    }
    return s
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    _ = try sizes(inputs)
    return [TensorType(inputs[0].dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [try run(inputs, Float.self)]
    case .float64: [try run(inputs, Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func run<T: FloatElement>(_ inputs: Operands<Tensor>, _ type: T.Type) throws(OperatorError) -> Tensor {
    try inputs.checkSameType([1, 2])
    let s = try sizes(inputs.types)
    guard inputs[0].count > 0 else { return inputs[0] }
    let places = try places(inputs, s)
    defer { withExtendedLifetime(inputs) {} }
    let (cosines, sines) = (inputs[1].start(T.self), inputs[2].start(T.self))
    let isPacked = inputs[0].rank == 3
    return try inputs[0].mapped(T.self) { x, y in
      Parallel.forEach(
        s.batch * s.heads * s.length, minimumChunk: max(1, parallelGrain / max(1, s.width))
      ) { rows in
        for row in rows {
          let place =
            isPacked
            ? row / s.heads : row / (s.heads * s.length) * s.length + row % s.length
          let angle = places[place] * s.half
          turn(x + row * s.width, y + row * s.width, cosines + angle, sines + angle, s)
        }
      }
    }
  }

  /// Row of the caches for each place of each sample.
  private func places(_ inputs: Operands<Tensor>, _ s: Sizes) throws(OperatorError) -> [Int] {
    guard let operand = inputs.optional(3) else { return Array(0..<(s.batch * s.length)) }
    let rows = min(inputs[1].shape[0], inputs[2].shape[0])
    guard let places = operand.integers, places.allSatisfy({ 0..<rows ~= $0 }) else {
      throw OperatorError(.badData, "position_ids name places that the caches of \(rows) do not have")
    }
    return places
  }

  @inline(__always)
  private func turn<T: FloatElement>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ cosines: UnsafePointer<T>, _ sines: UnsafePointer<T>,
    _ s: Sizes
  ) {
    let (step, other) = isInterleaved ? (2, 1) : (1, s.half)
    for i in 0..<s.half {
      let (a, b) = (x[i * step], x[i * step + other])
      y[i * step] = a * cosines[i] - b * sines[i]
      y[i * step + other] = a * sines[i] + b * cosines[i]
    }
    for i in (2 * s.half)..<s.width { y[i] = x[i] }
  }

  package func couple(_ c: inout Coupling) { couple(&c, caches: [1, 2], places: 3, c.inputs.optional(3)) }

  /// Pairs of turned elements go together, with what the caches hold for them; where a part is turned only, heads alone go.
  ///
  /// `caches`, `places`: slots; `placesType`: the type of the places that stand for them.
  func couple(_ c: inout Coupling, caches: [Int], places: Int, _ placesType: TensorType?) {
    let cacheTypes = caches.map { c.inputs[$0] }
    guard let s = try? sizes(Operands([c.inputs[0]] + cacheTypes + [placesType])), s.heads > 0,
      s.half > 0
    else { return }
    let isWhole = 2 * s.half == s.width
    let (heads, half, two) = (c.factor(s.heads), c.factor(s.half), c.factor(2)), rest = c.factor(s.width)
    for factor in [two, rest] { c.pin(factor) }
    let width = isWhole ? (isInterleaved ? [half, two] : [two, half]) : [rest]
    let last = c.inputs[0].shape.count - 1
    for port in [Port.input(0, last), .output(0, last)] { split(port, (last == 3 ? [] : [heads]) + width, &c) }
    if last == 3 { for port in [Port.input(0, 1), .output(0, 1)] { split(port, [heads], &c) } }
    for slot in caches where isWhole { split(.input(slot, c.inputs[slot].shape.count - 1), [half], &c) }
    guard s.batch > 1 else { return }
    c.tie(.input(0, 0), .output(0, 0))
    if c.inputs.optional(places)?.shape.count == 2 { c.tie(.input(0, 0), .input(places, 0)) }
    for slot in caches where c.inputs[slot].shape.count == 3 { c.tie(.input(0, 0), .input(slot, 0)) }
  }

  private func split(_ port: Port, _ factors: [Coupling.Factor], _ c: inout Coupling) {
    let own = factors.filter { $0.size > 1 }
    if !own.isEmpty { c.split(port, into: own) }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { resize(c, cache: 1, to: size) }

  /// Edits of the attributes; `cache`: the slot of the cosines.
  func resize(_ c: Coupling, cache: Int, to size: KeptAxes) -> [Resize] {
    let shape = c.inputs[0].shape, old = c.inputs[cache].shape.last ?? 0
    let half = size(.input(cache, c.inputs[cache].shape.count - 1))
    var edits: [Resize] = []
    if turned > 0, turned == 2 * old, half != old {
      edits.append(.attribute("rotary_embedding_dim", .int(Int64(2 * half))))
    }
    if shape.count == 3, heads > 0, shape[2] > 0 {
      let new = AttentionCoupling.heads(.input(0, 2), width: shape[2] / heads, size)
      if new != heads { edits.append(.attribute("num_heads", .int(Int64(new)))) }
    }
    return edits
  }

}
