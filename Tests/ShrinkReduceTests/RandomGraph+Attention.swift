import ShrinkGraph
import ShrinkTestSupport

/// Attention by operators of its own, with rotated queries and keys, and with keys that serve several queries.
extension RandomGraph {
  /// Numbers of an attention: heads of queries and keys, and their width.
  private struct Heads {
    let queries: Int, keys: Int
    let width: Int, valueWidth: Int
  }

  /// Attention over `count` tokens, back to the width of the stream.
  mutating func attended(_ x: Place, count: Int) -> ValueID {
    let keys = pick(1...3)
    let heads = Heads(queries: keys * pick(1...2), keys: keys, width: 2 * pick(1...2), valueWidth: pick(2...3))
    let flat: ValueID
    switch pick(0...8) {
    case 0...1 where opset >= 23: flat = byOperator(x, heads)
    case 2: flat = structure("MultiHeadAttention") { $0.byHeads(x, heads) }
    case 3:
      let value = structure("packed Attention") { $0.packed(x, heads) }
      return projected(value, heads.keys * heads.valueWidth, x.channels)
    case 4:
      let value = structure("stack of queries, keys and values") { $0.stacked(x, heads) }
      return projected(value, heads.keys * heads.width, x.channels)
    default: flat = grouped(x, heads, count: count)
    }
    return projected(flat, heads.queries * heads.valueWidth, x.channels)
  }

  /// Attention of ONNX, of three axes or of four.
  private mutating func byOperator(_ x: Place, _ heads: Heads) -> ValueID {
    let q = projected(x.value, x.channels, heads.queries * heads.width)
    let k = projected(x.value, x.channels, heads.keys * heads.width)
    let v = projected(x.value, x.channels, heads.keys * heads.valueWidth)
    var attributes: [String: Attribute.Value] = flip() ? ["is_causal": .int(1)] : [:]
    if flip() {
      attributes["q_num_heads"] = .int(Int64(heads.queries))
      attributes["kv_num_heads"] = .int(Int64(heads.keys))
      return structure("Attention of three axes") { $0.sketch.node("Attention", [q, k, v], attributes) }
    }
    let parts = [
      headed(q, heads.queries, heads.width), headed(k, heads.keys, heads.width),
      headed(v, heads.keys, heads.valueWidth),
    ]
    let y = structure("Attention of four axes") { $0.sketch.node("Attention", parts, attributes) }
    return reshaped(transposed(y, [0, 2, 1, 3]), [0, 0, heads.queries * heads.valueWidth])
  }

  /// [batch, tokens, heads · width] as [batch, heads, tokens, width].
  private mutating func headed(_ x: ValueID, _ heads: Int, _ width: Int) -> ValueID {
    transposed(reshaped(x, [0, 0, heads, width]), [0, 2, 1, 3])
  }

  /// MultiHeadAttention of com.microsoft, with or without a bias of its own.
  private mutating func byHeads(_ x: Place, _ heads: Heads) -> ValueID {
    let sizes = [heads.queries * heads.width, heads.queries * heads.width, heads.queries * heads.valueWidth]
    let hasBias = flip()
    let parts = sizes.map { size in
      hasBias
        ? sketch.node("MatMul", [x.value, sketch.weight([x.channels, size])])
        : projected(x.value, x.channels, size)
    }
    return sketch.node(
      "MultiHeadAttention", parts + (hasBias ? [sketch.weight([sizes.reduce(0, +)])] : []), domain: "com.microsoft",
      ["num_heads": .int(Int64(heads.queries))])
  }

  /// Attention of com.microsoft, which holds its projections.
  private mutating func packed(_ x: Place, _ heads: Heads) -> ValueID {
    let sizes = [heads.width, heads.width, heads.valueWidth].map { heads.keys * $0 }
    let columns = sizes.reduce(0, +)
    var attributes: [String: Attribute.Value] = [
      "num_heads": .int(Int64(heads.keys)), "unidirectional": .int(flip() ? 1 : 0),
    ]
    if Set(sizes).count > 1 || flip() { attributes["qkv_hidden_sizes"] = .ints(sizes.map(Int64.init)) }
    let operands = [x.value, sketch.weight([x.channels, columns])] + (flip() ? [sketch.weight([columns])] : [])
    return sketch.node("Attention", operands, domain: "com.microsoft", attributes)
  }

  /// Queries, keys and values from one weight, as a stack from which each is picked.
  private mutating func stacked(_ x: Place, _ heads: Heads) -> ValueID {
    let columns = 3 * heads.keys * heads.width
    let all = reshaped(projected(x.value, x.channels, columns), [0, 0, 3, heads.keys, heads.width])
    let stack = transposed(all, [2, 0, 3, 1, 4])
    var parts: [ValueID] = []
    if flip() {
      for i in 0..<3 {
        parts.append(sketch.node("Gather", [stack, sketch.constant(Tensor(Int64(i)))], ["axis": .int(0)]))
      }
    } else {
      let cut = sketch.nodes("Split", [stack, integers([1, 1, 1])], results: 3, ["axis": .int(0)])
      for part in cut { parts.append(sketch.node("Squeeze", [part, integers([0])])) }
    }
    let scores = sketch.node("MatMul", [parts[0], transposed(parts[1], [0, 1, 3, 2])])
    let mixed = sketch.node("MatMul", [sketch.node("Softmax", [scores], ["axis": .int(-1)]), parts[2]])
    return reshaped(transposed(mixed, [0, 2, 1, 3]), [0, 0, heads.keys * heads.width])
  }

  // MARK: Written out

  /// Attention by matrix products; keys and values are repeated by Expand, queries and keys may be rotated.
  private mutating func grouped(_ x: Place, _ heads: Heads, count: Int) -> ValueID {
    var q = inHeads(x, heads.queries, heads.width)
    var k = inHeads(x, heads.keys, heads.width)
    var v = inHeads(x, heads.keys, heads.valueWidth)
    switch pick(0...3) {
    case 0:
      let caches = (0..<2).map { _ in sketch.weight([1, 1, count, heads.width]) }
      (q, k) = structure("rotation written out") { ($0.rotated(q, heads, caches), $0.rotated(k, heads, caches)) }
    case 1:
      let caches = (0..<2).map { _ in sketch.weight([count + 2, heads.width / 2]) }
      (q, k) = structure("RotaryEmbedding") { ($0.turned(q, caches, count: count), $0.turned(k, caches, count: count)) }
    default: break
    }
    let times = heads.queries / heads.keys
    if times > 1 {
      (k, v) = structure("keys repeated by Expand") {
        (
          $0.repeated(k, heads.keys, times, count: count, heads.width),
          $0.repeated(v, heads.keys, times, count: count, heads.valueWidth)
        )
      }
    }
    let scores =
      flip()
      ? sketch.node("MatMul", [q, transposed(k, [0, 1, 3, 2])])
      : structure("scores by Einsum") {
        $0.einsum("bhqd,bhkd->bhqk", [q, k])
      }
    let scaled = sketch.node("Mul", [scores, sketch.constant(Tensor(Float(0.5)))])
    let shares = sketch.node("Softmax", [scaled], ["axis": .int(-1)])
    if flip() {
      let mixed = structure("values by Einsum") { $0.einsum("bhqk,bhkd->bqhd", [shares, v]) }
      return reshaped(mixed, [0, 0, heads.queries * heads.valueWidth])
    }
    let mixed = sketch.node("MatMul", [shares, v])
    return reshaped(transposed(mixed, [0, 2, 1, 3]), [0, 0, heads.queries * heads.valueWidth])
  }

  /// A projection as [batch, heads, tokens, width], by MatMul or by Einsum.
  private mutating func inHeads(_ x: Place, _ heads: Int, _ width: Int) -> ValueID {
    guard pick(0...3) == 0 else { return headed(projected(x.value, x.channels, heads * width), heads, width) }
    return structure("projection by Einsum") {
      $0.einsum("bsd,dhe->bhse", [x.value, $0.sketch.weight([x.channels, heads, width])])
    }
  }

  private mutating func einsum(_ equation: String, _ operands: [ValueID]) -> ValueID {
    sketch.node("Einsum", operands, ["equation": .string(Array(equation.utf8))])
  }

  /// x · cos + (−second half, first half) · sin.
  private mutating func rotated(_ x: ValueID, _ heads: Heads, _ caches: [ValueID]) -> ValueID {
    let half = heads.width / 2
    let first = sketch.node("Slice", [x, integers([0]), integers([half]), integers([3])])
    let second = sketch.node("Slice", [x, integers([half]), integers([heads.width]), integers([-1])])
    let other = sketch.node("Concat", [sketch.node("Neg", [second]), first], ["axis": .int(-1)])
    return sketch.node(
      "Add", [sketch.node("Mul", [x, caches[0]]), sketch.node("Mul", [other, caches[1]])])
  }

  /// The same by an operator: ONNX's with places for every sample, or that of com.microsoft with the first place.
  private mutating func turned(_ x: ValueID, _ caches: [ValueID], count: Int) -> ValueID {
    let attributes: [String: Attribute.Value] = ["interleaved": .int(flip() ? 1 : 0)]
    guard opset >= 23, flip() else {
      return sketch.node("RotaryEmbedding", [x, integers([0])] + caches, domain: "com.microsoft", attributes)
    }
    let row = sketch.constant(Tensor(shape: [1, count], (0..<count).map(Int64.init)))
    let places = sketch.node("Expand", [row, joined([size(x, 0), integers([count])])])
    return sketch.node("RotaryEmbedding", [x] + caches + [places], attributes)
  }

  /// [batch, heads, tokens, width] with every head `times` times, as exporters write it.
  private mutating func repeated(_ x: ValueID, _ heads: Int, _ times: Int, count: Int, _ width: Int) -> ValueID {
    let apart = sketch.node("Unsqueeze", [x, integers([2])])
    let target =
      flip()
      ? joined([size(x, 0), integers([heads, times, count, width])])
      : integers([1, heads, times, count, width])
    let wide = sketch.node("Expand", [apart, target])
    return reshaped(wide, [-1, heads * times, count, width])
  }
}
