import ShrinkGraph
import ShrinkMath

/// Looks words, places and segments up in three tables, adds what stands there, and normalises.
///
/// Operands input_ids, segment_ids, word_embedding, position_embedding, segment_embedding, gamma, beta, mask and
/// position_ids; results: the normalised rows, the number of words that the mask names of each sample, and the sums.
package struct EmbedLayerNormalization: Operator {
  package static let domain = "com.microsoft"
  package static let names = ["EmbedLayerNormalization"]
  package static let opsets = 1...1
  package static let inputs = 1...9
  package var useOfAll: String { "normalises over all of them" }

  private let epsilon: Float
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    epsilon = try attributes.float("epsilon", default: 1e-12)
    outputs = max(1, attributes.outputs)
    guard outputs <= 3 else { throw .invalid("names \(outputs) results where 1 to 3 belong") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs.optional(2) != nil, inputs.optional(3) != nil, inputs.optional(5) != nil, inputs.optional(6) != nil
    else {
      throw .invalid("a table, a scale or a shift is left out")
    }
    let (ids, words) = (inputs[0].shape, inputs[2])
    guard ids.count == 2, words.shape.count == 2 else { throw .invalid("looks \(ids) up in \(words.shape)") }
    for table in [3, 4] {
      guard let shape = inputs.optional(table)?.shape, shape.count != 2 || shape[1] != words.shape[1] else { continue }
      throw .invalid("adds rows of \(shape) to rows of \(words.shape)")
    }
    guard inputs[5].shape == [words.shape[1]], inputs[6].shape == [words.shape[1]] else {
      throw .invalid("scales and shifts \(words.shape[1]) elements by \(inputs[5].shape) and \(inputs[6].shape)")
    }
    guard (inputs.optional(1) == nil) == (inputs.optional(4) == nil),
      inputs.optional(1).map({ $0.shape == ids }) ?? true,
      inputs.optional(7).map({ $0.shape == ids }) ?? true,
      inputs.optional(8).map({ $0.shape == ids || $0.shape == [1, ids[1]] }) ?? true
    else { throw .invalid("segments, mask or places do not belong to words of shape \(ids)") }
    guard [3, 4, 5, 6].allSatisfy({ inputs.optional($0).map { $0.dtype == words.dtype } ?? true }) else {
      throw .invalid("its tables have different element types")
    }
    let y = TensorType(words.dtype, try Axes.checked(ids + [words.shape[1]], words.dtype))
    return Array([y, TensorType(.int32, [ids[0]]), y].prefix(outputs))
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    let found: [Tensor]
    switch inputs[2].dtype {
    case .float32: found = try run(inputs, types, Float.self)
    case .float64: found = try run(inputs, types, Double.self)
    default: throw .noKernel(for: inputs[2].dtype)
    }
    let mask = inputs.optional(7)?.integers
    let counts = (0..<inputs[0].shape[0]).map { sample in
      let length = inputs[0].shape[1]
      return Int32((0..<length).count { (mask?[sample * length + $0] ?? 0) == 1 })
    }
    return Array([found[0], Tensor(shape: [counts.count], counts), found[1]].prefix(outputs))
  }

  private func run<T: FloatElement>(
    _ inputs: Operands<Tensor>, _ types: [TensorType], _: T.Type
  ) throws(OperatorError) -> [Tensor] {
    let (width, length) = (inputs[2].shape[1], inputs[0].shape[1])
    let rows = inputs[0].count
    let words = try Self.rows(inputs[0], of: inputs[2]),
      segments = try inputs.optional(1).map {
        (ids) throws(OperatorError) in try Self.rows(ids, of: inputs[4])
      }
    var places = (0..<rows).map { length == 0 ? 0 : $0 % length }
    if let given = inputs.optional(8) {
      let own = try Self.rows(given, of: inputs[3])
      places = (0..<rows).map { own[$0 % own.count] }
    } else if length > inputs[3].shape[0] {
      throw OperatorError(.badData, "takes \(length) places from a table of \(inputs[3].shape[0])")
    }
    defer { withExtendedLifetime(inputs) {} }
    let tables =
      [(words, inputs[2].start(T.self)), (places, inputs[3].start(T.self))]
      + (segments.map { [($0, inputs[4].start(T.self))] } ?? [])
    let sums = Tensor(shape: inputs[0].shape + [width], T.self) { sums in
      guard let sums = sums.baseAddress else { return }
      Parallel.forEach(rows, minimumChunk: max(1, parallelGrain / max(1, width))) { range in
        for row in range {
          let to = sums + row * width
          to.update(repeating: 0, count: width)
          for (index, table) in tables {
            let from = table + index[row] * width
            for i in 0..<width { to[i] += from[i] }
          }
        }
      }
    }
    let norm = RowNormalization<T>(scale: inputs[5], shift: inputs[6], epsilon: T(epsilon))
    return [try norm.run(sums, rows: rows, length: width).y, sums]
  }

  /// The rows of a table that indices name.
  private static func rows(_ ids: Tensor, of table: Tensor) throws(OperatorError) -> [Int] {
    let rows = try Axes.indices(ids)
    guard rows.allSatisfy({ 0..<table.shape[0] ~= $0 }) else {
      throw OperatorError(.badData, "looks up rows that a table of shape \(table.shape) does not have")
    }
    return rows
  }

  package func couple(_ c: inout Coupling) {
    for output in c.outputs.indices { c.tie(.input(0, 0), .output(output, 0)) }
    for slot in [1, 7, 8] {
      guard let shape = c.inputs.optional(slot)?.shape, shape[0] != 1 || c.inputs[0].shape[0] == 1 else { continue }
      c.tie(.input(slot, 0), .output(0, 0))
    }
  }
}
