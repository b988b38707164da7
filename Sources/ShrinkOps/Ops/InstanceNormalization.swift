import ShrinkGraph

/// Normalises each channel of each sample over its positions, then scales and shifts it.
package struct InstanceNormalization: Operator {
  package static let names = ["InstanceNormalization"]
  package static let opsets = 1...28
  package static let inputs = 3...3
  package var useOfAll: String { "normalises over all of them" }

  let epsilon: Float

  package init(_ attributes: Attributes) throws(OperatorError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    guard x.shape.count > 2, inputs[1].shape == [x.shape[1]], inputs[2].shape == [x.shape[1]] else {
      throw .invalid("normalises \(x.shape) with a scale \(inputs[1].shape) and a shift \(inputs[2].shape)")
    }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }))
    let (scale, shift) = (try inputs[1].parameters(), try inputs[2].parameters())
    switch x.dtype {
    case .float32: return [try run(x, scale.map { Float($0) }, shift.map { Float($0) })]
    case .float64: return [try run(x, scale, shift)]
    default: return try Conversion.wideningFloats(inputs, run)
    }
  }

  private func run<T: FloatElement>(_ x: Tensor, _ scale: [T], _ shift: [T]) throws(OperatorError) -> Tensor {
    let (channels, plane) = (x.shape[1], x.shape.dropFirst(2).product)
    let rows = x.shape[0] * channels
    return try x.mapped(T.self) { x, y in
      normalize(x, y, rows: rows, length: plane, epsilon: T(epsilon)) { row, to in
        let (a, b) = (scale[row % channels], shift[row % channels])
        for i in 0..<plane { to[i] = to[i] * a + b }
      }
    }
  }

  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    c.tie(.input(0, 1), .output(0, 1))
    for slot in 1...2 { c.tie(.input(slot, 0), .output(0, 1)) }
  }
}
