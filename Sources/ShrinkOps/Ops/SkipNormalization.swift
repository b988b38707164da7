import ShrinkGraph

/// Adds a residual and a bias, then normalises the last axis as LayerNormalization or as RMSNormalization does.
///
/// Results: what is normalised, mean and inverse deviation of each row, and the sum. The residual may lack the first axis or
/// repeat along it.
package struct SkipNormalization: Operator {
  package static let domain = "com.microsoft"
  package static let names = ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"]
  package static let opsets = 1...1
  package static let inputs = 3...5
  package var useOfAll: String { "normalises over all of them" }

  private let isCentred: Bool
  private let epsilon: Float
  private let outputs: Int
  /// Slots of the shift behind the normalisation, and of the bias that is added to the residual.
  private let shift: Int?, bias: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    isCentred = attributes.opType == "SkipLayerNormalization"
    (shift, bias) = isCentred ? (3, 4) : (nil, 3)
    epsilon = try attributes.float("epsilon", default: 1e-12)
    outputs = max(1, attributes.outputs)
    guard outputs <= 4 else { throw .invalid("names \(outputs) results where 1 to 4 belong") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, skip) = (inputs[0], inputs[1].shape)
    guard 2...3 ~= x.shape.count, let width = x.shape.last else { throw .invalid("normalises \(x.shape)") }
    let rows = Array(x.shape.dropFirst())
    guard skip == x.shape || (x.shape.count == 3 && (skip == rows || skip == [1] + rows)) else {
      throw .invalid("adds \(skip) to \(x.shape)")
    }
    guard inputs.count <= bias + 1 else { throw .invalid("has \(inputs.count) operands") }
    for slot in 2..<max(3, inputs.count) {
      guard let shape = inputs.optional(slot)?.shape, shape != [width] else { continue }
      throw .invalid("scales, shifts or biases \(x.shape) by \(shape)")
    }
    guard inputs.present.allSatisfy({ $0.dtype == x.dtype }) else {
      throw .invalid("its operands have different element types: \(inputs.present.map(\.dtype))")
    }
    let (y, row) = (TensorType(x.dtype, x.shape), TensorType(.float32, x.shape.dropLast() + [1]))
    return Array([y, row, row, y].prefix(outputs))
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    switch inputs[0].dtype {
    case .float32: return try run(inputs, types, Float.self)
    case .float64: return try run(inputs, types, Double.self)
    case .float16, .bfloat16:
      // The statistics stay in the wide type.
      var wide: [Tensor?] = []
      for item in inputs.items {
        wide.append(try item.map { (item) throws(OperatorError) in try Conversion.convert(item, to: .float32) })
      }
      var results = try run(Operands(wide), types, Float.self)
      for slot in results.indices { results[slot] = try Conversion.convert(results[slot], to: types[slot].dtype) }
      return results
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func run<T: FloatElement>(
    _ inputs: Operands<Tensor>, _ types: [TensorType], _: T.Type
  ) throws(OperatorError) -> [Tensor] {
    var sum = Broadcast.map(inputs[0], inputs[1], to: inputs[0].shape) { (a: T, b: T) in a + b }
    if let bias = inputs.optional(bias) { sum = Broadcast.map(sum, bias, to: sum.shape) { (a: T, b: T) in a + b } }
    let (rows, length) = (sum.shape.dropLast().product, sum.shape.last ?? 1)
    let norm = RowNormalization<T>(
      scale: inputs[2], shift: shift.flatMap { inputs.optional($0) }, epsilon: T(epsilon), isCentred: isCentred)
    let (y, means, inverses) = try norm.run(sum, rows: rows, length: length)
    let statistics = [means, inverses].map { values in
      Tensor(shape: sum.shape.dropLast() + [1], values.map { Float($0) })
    }
    return Array(([y] + statistics + [sum]).prefix(outputs))
  }

  package func couple(_ c: inout Coupling) {
    let (x, skip) = (c.inputs[0].shape, c.inputs[1].shape)
    for axis in 0..<(x.count - 1) {
      for output in c.outputs.indices { c.tie(.input(0, axis), .output(output, axis)) }
      let own = axis - (x.count - skip.count)
      if own >= 0, skip[own] == x[axis] {
        c.tie(.input(1, own), .output(0, axis))
      }
    }
  }
}
