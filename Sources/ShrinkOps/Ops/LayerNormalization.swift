import ShrinkGraph

/// Normalises over the axes from `axis` on, then scales and shifts each of their elements.
///
/// ONNX has it since version 17; before, ONNX Runtime put it into the same domain when it optimised a file.
package struct LayerNormalization: Operator {
  package static let names = ["LayerNormalization"]
  package static let opsets = 1...28
  package static let inputs = 2...3
  package var useOfAll: String { "normalises over all of them" }

  let axis: Int
  let epsilon: Float
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: -1)
    epsilon = try attributes.float("epsilon", default: 1e-5)
    outputs = max(1, attributes.outputs)
    guard outputs <= 3 else { throw .invalid("names \(outputs) results where 1 to 3 belong") }
    guard try attributes.int("stash_type", default: 1) == 1 else { throw .unsupported("stash_type is not float32") }
  }

  private func first(_ shape: [Int]) throws(OperatorError) -> Int {
    guard axis >= -shape.count, axis < shape.count else { throw .invalid("axis \(axis) of a tensor of shape \(shape)") }
    return axis < 0 ? axis + shape.count : axis
  }

  /// How a scale or shift repeats over the axes that are normalised.
  private func parameter(_ shape: [Int], _ x: [Int], _ first: Int) throws(OperatorError) -> StridedView {
    let (own, normalized) = (Array(shape.drop { $0 == 1 }), Array(x[first...]))
    guard own.count <= normalized.count, zip(own.reversed(), normalized.reversed()).allSatisfy({ $0 == $1 || $0 == 1 })
    else { throw .unsupported("scales or shifts \(x) from axis \(first) on by a tensor of shape \(shape)") }
    return StridedView(shape: normalized, strides: Broadcast.strides(own, in: normalized))
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    let first = try first(x.shape)
    for slot in 1..<3 {
      guard let shape = inputs.optional(slot)?.shape else { continue }
      _ = try parameter(shape, x.shape, first)
    }
    let reduced = x.shape[..<first] + [Int](repeating: 1, count: x.shape.count - first)
    let statistics = TensorType(.float32, Array(reduced))
    return [TensorType(x.dtype, x.shape)] + [TensorType](repeating: statistics, count: outputs - 1)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let types = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }))
    guard inputs.present.allSatisfy({ $0.dtype == x.dtype }) else {
      throw .invalid("its operands have different element types: \(inputs.present.map(\.dtype))")
    }
    switch x.dtype {
    case .float32: return try run(inputs, types, Float.self)
    case .float64: return try run(inputs, types, Double.self)
    default:
      // The statistics stay in the wide type.
      var wide: [Tensor?] = []
      for item in inputs.items {
        guard x.dtype.isFloat, let item else { throw .noKernel(for: x.dtype) }
        wide.append(try Conversion.convert(item, to: .float32))
      }
      var results = try run(Operands(wide), types, Float.self)
      results[0] = try Conversion.convert(results[0], to: x.dtype)
      return results
    }
  }

  private func run<T: FloatElement>(
    _ inputs: Operands<Tensor>, _ types: [TensorType], _: T.Type
  ) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let first = try first(x.shape)
    let (rows, length) = (x.shape[..<first].product, x.shape[first...].product)
    let shift = try inputs.optional(2).map { (shift) throws(OperatorError) in
      try parameter(shift.shape, x.shape, first).copied(from: shift)
    }
    let norm = RowNormalization<T>(
      scale: try parameter(inputs[1].shape, x.shape, first).copied(from: inputs[1]), shift: shift, epsilon: T(epsilon))
    let (y, means, inverses) = try norm.run(x, rows: rows, length: length)
    let statistics = [means, inverses].prefix(outputs - 1)
    return [y] + statistics.enumerated().map { Tensor(shape: types[$0 + 1].shape, $1.map { Float($0) }) }
  }

  package func couple(_ c: inout Coupling) {
    guard let first = try? first(c.inputs[0].shape) else { return }
    for axis in 0..<first {
      for output in c.outputs.indices where axis < c.outputs[output].shape.count {
        c.tie(.input(0, axis), .output(output, axis))
      }
    }
  }
}
