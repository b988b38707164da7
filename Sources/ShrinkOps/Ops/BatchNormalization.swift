import ShrinkGraph

/// Scale and shift of each channel by the statistics that training left: y = scale · (x - mean) / √(var + ε) + bias.
///
/// In training mode (opset 14) by the statistics of the batch, and the running ones follow: r ← r · momentum + batch ·
/// (1 - momentum). Without `spatial` (before opset 9) every position of a sample has statistics of its own.
package struct BatchNormalization: Operator {
  package static let names = ["BatchNormalization"]
  package static let opsets = 1...28
  package static let inputs = 5...5

  let epsilon: Float
  private let momentum: Float
  let isTraining: Bool
  let isSpatial: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    momentum = try attributes.float("momentum", default: 0.9)
    isTraining = try attributes.int("training_mode", default: 0) != 0
    let spatial = try attributes.int("spatial", default: 1)
    isSpatial = attributes.opset >= 9 || spatial != 0
    guard isTraining ? attributes.outputs <= 3 : attributes.outputs <= 1 else {
      throw .unsupported("is in its form for training before opset 14, which gives statistics of the batch")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    guard x.shape.count > 1 else { throw .invalid("normalises a tensor of shape \(x.shape)") }
    let wanted = isSpatial ? [x.shape[1]] : Array(x.shape.dropFirst())
    for slot in 1..<5 where inputs[slot].shape != wanted {
      throw .invalid("operand \(slot) has shape \(inputs[slot].shape) where \(wanted) belongs for an input \(x.shape)")
    }
    guard inputs[3].dtype == inputs[4].dtype else { throw .differentTypes(inputs[3].dtype, inputs[4].dtype) }
    let running = TensorType(inputs[3].dtype, wanted)
    return [TensorType(x.dtype, x.shape)] + (isTraining ? [running, running] : [])
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }))
    if isTraining { return try train(inputs) }
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
    let plane = isSpatial ? shape.dropFirst(2).product : 1
    return try inputs[0].mapped(T.self) { x, y in
      scaleAndShift(
        x, y, planes: plane == 0 ? 0 : shape.product / plane, plane: plane, factor: factor.map { T($0) },
        shift: shift.map { T($0) })
    }
  }

  /// Normalises by the statistics of the batch; what it gives besides are the running statistics after it.
  private func train(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (shape, channels) = (inputs[0].shape, inputs[0].shape[1])
    guard let x = inputs[0].numbers, !x.isEmpty else { throw .noKernel(for: inputs[0].dtype) }
    let plane = shape.dropFirst(2).product
    var (mean, variance) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    let share = Double(channels) / Double(x.count)
    for i in x.indices { mean[i / plane % channels] += x[i] * share }
    for i in x.indices {
      let distance = x[i] - mean[i / plane % channels]
      variance[i / plane % channels] += distance * distance * share
    }
    var running: [Tensor] = []
    for (slot, batch) in [(3, mean), (4, variance)] {
      let next = zip(try inputs[slot].parameters(), batch).map { $0 * Double(momentum) + $1 * Double(1 - momentum) }
      running.append(try Conversion.convert(Tensor(shape: [channels], next), to: inputs[slot].dtype))
    }
    let (scale, bias) = (try inputs[1].parameters(), try inputs[2].parameters())
    let factor = zip(scale, variance).map { $0 / ($1 + Double(epsilon)).squareRoot() }
    let y = x.indices.map {
      (x[$0] - mean[$0 / plane % channels]) * factor[$0 / plane % channels] + bias[$0 / plane % channels]
    }
    return [try Conversion.convert(Tensor(shape: shape, y), to: inputs[0].dtype)] + running
  }

  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    c.tie(.input(0, 1), .output(0, 1))
    for slot in 1..<5 { c.tie(.input(slot, 0), .output(0, 1)) }
    if isTraining { for output in 1..<c.outputs.count { c.tie(.input(0, 1), .output(output, 0)) } }
  }
}

extension Tensor {
  /// The elements of a parameter of floats.
  func parameters() throws(OperatorError) -> [Double] {
    guard dtype.isFloat, let numbers else { throw .noKernel(for: dtype) }
    return numbers
  }
}
