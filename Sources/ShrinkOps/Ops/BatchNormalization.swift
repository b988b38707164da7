import ShrinkGraph

/// Scale and shift of each channel by the statistics that training left: y = scale · (x - mean) / √(var + ε) + bias.
package struct BatchNormalization: Operator {
  package static let names = ["BatchNormalization"]
  package static let opsets = 7...28
  package static let inputs = 5...5

  private let epsilon: Float

  package init(_ attributes: Attributes) throws(OperatorError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    let isTraining = try attributes.int("training_mode", default: 0) != 0
    guard !isTraining, attributes.outputs <= 1 else { throw .unsupported("is in its form for training") }
    guard try attributes.int("spatial", default: 1) != 0 else { throw .unsupported("normalises each position alone") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    guard x.shape.count > 1 else { throw .invalid("normalises a tensor of shape \(x.shape)") }
    for slot in 1..<5 where inputs[slot].shape != [x.shape[1]] {
      throw .invalid("operand \(slot) has shape \(inputs[slot].shape) where [\(x.shape[1])] belongs")
    }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }))
    switch inputs[0].dtype {
    case .float32: return [try run(inputs, Float.self)]
    case .float64: return [try run(inputs, Double.self)]
    default: return try Conversion.wideningFloats(inputs, run)
    }
  }

  private func run<T: FloatElement>(_ inputs: Operands<Tensor>, _ type: T.Type) throws(OperatorError) -> Tensor {
    var parameters: [[Double]] = []
    for slot in 1..<5 { parameters.append(try inputs[slot].parameters()) }
    let (scale, bias, mean, variance) = (parameters[0], parameters[1], parameters[2], parameters[3])
    let factor = zip(scale, variance).map { $0 / ($1 + Double(epsilon)).squareRoot() }
    let shift = factor.indices.map { bias[$0] - mean[$0] * factor[$0] }
    let shape = inputs[0].shape
    return try inputs[0].mapped(T.self) { x, y in
      scaleAndShift(
        x, y, planes: shape[0] * shape[1], plane: shape.dropFirst(2).product, factor: factor.map { T($0) },
        shift: shift.map { T($0) })
    }
  }

  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    c.tie(.input(0, 1), .output(0, 1))
    for slot in 1..<5 { c.tie(.input(slot, 0), .output(0, 1)) }
  }
}

extension Tensor {
  /// The elements of a parameter of floats.
  func parameters() throws(OperatorError) -> [Double] {
    guard dtype.isFloat, let numbers else { throw .noKernel(for: dtype) }
    return numbers
  }
}
