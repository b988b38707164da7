import ShrinkGraph
import ShrinkMath

/// Attention of ONNX Runtime with the projections of queries, keys and values in one weight.
///
/// Operands input [batch, places, elements], weights [elements, queries + keys + values], bias, mask_index, past [2, batch,
/// heads, places, width] and attention_bias; results Y and present. Rotary embeddings and shared buffers are forms of
/// other processors.
package struct PackedAttention: LinearOperator {
  package static let domain = "com.microsoft"
  package static let names = ["Attention"]
  package static let opsets = 1...1
  package static let inputs = 2...7

  private let options: ProjectedAttention
  private let sizes: [Int]?
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    options = try ProjectedAttention(attributes)
    sizes = try attributes.ints("qkv_hidden_sizes").flatMap { $0.isEmpty ? nil : $0 }
    outputs = max(1, attributes.outputs)
    guard outputs <= 2 else { throw .invalid("names \(outputs) results where 1 or 2 belong") }
    guard try attributes.int("do_rotary", default: 0) == 0 else { throw .unsupported("rotary embeddings (do_rotary)") }
    guard try attributes.int("past_present_share_buffer", default: 0) == 0 else {
      throw .unsupported("keys and values of the past in a shared buffer")
    }
    if let sizes {
      guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }), sizes[0] == sizes[1] else {
        throw .invalid("qkv_hidden_sizes are \(sizes)")
      }
    }
  }

  /// Columns of the weight for queries (and as many for keys), and for values.
  private func columns(_ weight: [Int]) throws(OperatorError) -> (query: Int, value: Int) {
    let total = weight[1]
    if let sizes {
      guard sizes.reduce(0, +) == total else {
        throw .invalid("a weight \(weight) holds projections of sizes \(sizes)")
      }
      return (sizes[0], sizes[2])
    }
    guard total % 3 == 0 else { throw .invalid("a weight \(weight) holds three projections of one size") }
    return (total / 3, total / 3)
  }

  private func plan(_ inputs: Operands<TensorType>) throws(OperatorError) -> AttentionPlan {
    let (x, w) = (inputs[0].shape, inputs[1].shape)
    guard x.count == 3, w.count == 2, x[2] == w[0] else { throw .invalid("projects \(x) by \(w)") }
    guard inputs.optional(6) == nil else { throw .unsupported("keys and values of the past in a shared buffer") }
    let columns = try columns(w)
    let (width, valueWidth) = (try options.width(columns.query, "queries"), try options.width(columns.value, "values"))
    var past = 0
    if let kept = inputs.optional(4)?.shape {
      guard kept.count == 5, kept == [2, x[0], options.heads, kept[3], width], valueWidth == width else {
        throw .invalid("keeps \(kept) for \(options.heads) heads of width \(width) and \(valueWidth)")
      }
      guard outputs == 2 else { throw .invalid("has a past, but gives no present") }
      past = kept[3]
    }
    guard outputs == 1 || valueWidth == width else {
      throw .unsupported("keeps keys of \(width) and values of \(valueWidth) elements in one tensor")
    }
    let (keys, overflow) = past.addingReportingOverflow(x[1])
    guard !overflow else { throw .invalid("keeps \(past) keys") }
    let p = AttentionPlan(
      batch: x[0], queryHeads: options.heads, keyHeads: options.heads, queries: x[1], keys: keys, past: past,
      width: width, valueWidth: valueWidth, isPackedQuery: true, isPackedKey: outputs == 1,
      scale: options.scale(width: width), isCausal: options.isCausal)
    if let bias = inputs.optional(2) {
      guard bias.shape == [w[1]] else { throw .invalid("adds a bias \(bias.shape) behind a weight \(w)") }
    }
    _ = try options.form(inputs.optional(3)?.shape, p, allowsStarts: true)
    try options.checkBias(inputs.optional(5), p, inputs[0].dtype)
    guard [1, 2, 4].allSatisfy({ slot in inputs.optional(slot).map { $0.dtype == inputs[0].dtype } ?? true }) else {
      throw .invalid("its operands have different element types: \(inputs.present.map(\.dtype))")
    }
    return p
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (p, dtype) = (try plan(inputs), inputs[0].dtype)
    let y = try Axes.checked([p.batch, p.queries, p.queryHeads * p.valueWidth], dtype)
    guard outputs == 2 else { return [TensorType(dtype, y)] }
    let present = try Axes.checked([2, p.batch, p.keyHeads, p.keys, p.width], dtype)
    return [TensorType(dtype, y), TensorType(dtype, present)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    let p = try plan(inputs.types)
    let columns = try columns(inputs[1].shape)
    switch inputs[0].dtype {
    case .float32: break
    case .float64: break
    default: return try Conversion.wideningFloats(inputs, run)
    }
    let (starts, counts) = ([0, columns.query, 2 * columns.query], [columns.query, columns.query, columns.value])
    var parts: [Tensor] = []
    for (start, count) in zip(starts, counts) {
      parts.append(
        inputs[0].dtype == .float64
          ? try project(inputs, columns: start..<(start + count), Double.self)
          : try project(inputs, columns: start..<(start + count), Float.self))
    }
    if !p.isPackedKey {
      let halves = try inputs.optional(4).map { (past) throws(OperatorError) in try Self.halves(past) }
      parts[1] = try p.present(parts[1], halves?.key, width: p.width)
      parts[2] = try p.present(parts[2], halves?.value, width: p.valueWidth)
    }
    let mask = try options.added(inputs.optional(3), inputs.optional(5), p, allowsStarts: true)
    let y = try p.attend(parts[0], parts[1], parts[2], mask: mask, shape: types[0].shape).y
    return outputs == 1 ? [y] : [y, try Self.joined(parts[1], parts[2], types[1].shape)]
  }

  /// Heads may go, as blocks of queries, keys and values alike, and what is read of the input.
  ///
  /// Elements of a head stay: no tensor shows the queries and keys whose product would have to be made up for.
  package func couple(_ c: inout Coupling) {
    guard let p = try? plan(c.inputs), p.width > 0, p.valueWidth > 0 else { return }
    guard p.width == p.valueWidth else { return coupleUnequal(&c) }
    let (three, heads, width) = (c.factor(3), c.factor(p.queryHeads), c.factor(p.width))
    let columns: [Coupling.Factor] = [three, heads, width].filter { $0.size > 1 }
    for factor in [three, width] { c.pin(factor) }
    c.split(.input(1, 1), into: columns)
    if c.inputs.optional(2) != nil { c.split(.input(2, 0), into: columns) }
    if columns.count > 1 { c.split(.output(0, 2), into: Array(columns.dropFirst())) }
    var batch = [Port.output(0, 0), .input(0, 0)]
    if let bias = c.inputs.optional(5)?.shape {
      if heads.size > 1, bias[1] == heads.size { c.split(.input(5, 1), into: [heads]) }
      batch.append(.input(5, 0))
    }
    for port in [Port.input(4, 2), .output(1, 2)] where heads.size > 1 {
      guard port.isOutput ? c.outputs.count == 2 : c.inputs.optional(4) != nil else { continue }
      c.split(port, into: [heads])
      batch.append(port.isOutput ? .output(1, 1) : .input(4, 1))
    }
    if let mask = c.inputs.optional(3)?.shape, mask.count > 1 || mask[0] == p.batch { batch.append(.input(3, 0)) }
    // Of first and last keys that stand one behind the other none can be taken out alone.
    let isFree = c.inputs.optional(3).map { $0.shape.count > 1 || $0.shape[0] == p.batch } ?? true
    if p.batch > 1, isFree { for port in batch.dropFirst() where c.size(port) == p.batch { c.tie(batch[0], port) } }
    c.contract(.input(0, 2), with: .input(1, 0))
  }

  /// Heads of two widths are no product of factors: only what is read of the input may go.
  private func coupleUnequal(_ c: inout Coupling) {
    let columns = c.factor(c.size(.input(1, 1)))
    c.pin(columns)
    c.split(.input(1, 1), into: [columns])
    if c.inputs.optional(2) != nil { c.split(.input(2, 0), into: [columns]) }
    c.contract(.input(0, 2), with: .input(1, 0))
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let p = try? plan(c.inputs), p.width == p.valueWidth, p.width > 0 else { return [] }
    let heads = size(.output(0, 2)) / p.width
    guard heads != p.queryHeads else { return [] }
    let columns = Int64(heads * p.width)
    return [.attribute("num_heads", .int(Int64(heads)))]
      + (sizes == nil ? [] : [.attribute("qkv_hidden_sizes", .ints([columns, columns, columns]))])
  }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let projected = Operands([inputs[0], inputs[1]])
    guard (try? plan(inputs)) != nil else { return [] }
    return MatMul.readings(projected).map { HiddenReading($0, bias: 2) }
  }

  /// Input times some columns of the weight, with their bias.
  private func project<T: KernelElement>(
    _ inputs: Operands<Tensor>, columns: Range<Int>, _: T.Type
  ) throws(OperatorError) -> Tensor {
    let (x, w) = (inputs[0], inputs[1])
    let (rows, inner, count) = (x.shape[0] * x.shape[1], x.shape[2], columns.count)
    let y = Tensor.unwritten([x.shape[0], x.shape[1], count], T.self)
    guard rows * count > 0 else { return y.tensor }
    defer { withExtendedLifetime(inputs) {} }
    y.start.update(repeating: 0, count: rows * count)
    if let bias = inputs.optional(2)?.start(T.self) {
      for row in 0..<rows { (y.start + row * count).update(from: bias + columns.lowerBound, count: count) }
    }
    try OperatorError.math { () throws(MathError) in
      try T.product(
        rows, count, inner, x.start(T.self), w.start(T.self) + columns.lowerBound, ldb: w.shape[1], beta: 1, y.start)
    }
    return y.tensor
  }

  /// Keys and values that stand one behind the other.
  private static func halves(_ past: Tensor) throws(OperatorError) -> (key: Tensor, value: Tensor) {
    let (shape, strides) = (Array(past.shape.dropFirst()), Array(Axes.strides(past.shape).dropFirst()))
    let half = { (start: Int) throws(OperatorError) in
      try StridedView(shape: shape, strides: strides, start: start).copied(from: past)
    }
    return (try half(0), try half(past.count / 2))
  }

  private static func joined(_ key: Tensor, _ value: Tensor, _ shape: [Int]) throws(OperatorError) -> Tensor {
    let storage = TensorStorage(byteCount: key.byteCount + value.byteCount)
    key.withBytes { if let from = $0.baseAddress { storage.bytes.copyMemory(from: from, byteCount: $0.count) } }
    value.withBytes {
      if let from = $0.baseAddress { (storage.bytes + key.byteCount).copyMemory(from: from, byteCount: $0.count) }
    }
    return Tensor(dtype: key.dtype, shape: shape, storage: storage)
  }
}
