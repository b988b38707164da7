import ShrinkGraph

/// The function that ONNX Runtime has fused into the operator in front of it.
struct FusedActivation: Sendable {
  private let function: (any Operator)?
  private let bounds: (low: Float, high: Float)?

  /// Whether there is none.
  var isIdentity: Bool { function == nil && bounds == nil }

  /// `parameters`: what belongs to the function, in the order of the specification; nil for what is left out.
  init(_ name: String?, _ parameters: [Float?]) throws(OperatorError) {
    let parameter = { (i: Int) in i < parameters.count ? parameters[i] : nil }
    let values: [String: Attribute.Value]
    switch name {
    case nil, "":
      (function, bounds) = (nil, nil)
      return
    case "Clip":
      (function, bounds) = (nil, (parameter(0) ?? -.infinity, parameter(1) ?? .infinity))
      return
    case "Tanh":
      (function, bounds) = (try Unary(Attributes("Tanh", opset: 13)), nil)
      return
    case "Relu", "Sigmoid", "Softplus", "Softsign", "HardSwish": values = [:]
    case "LeakyRelu", "Elu", "ThresholdedRelu", "Celu":
      values = parameter(0).map { ["alpha": .float($0)] } ?? [:]
    case "HardSigmoid":
      values = ["alpha": .float(parameter(0) ?? 0.2), "beta": .float(parameter(1) ?? 0.5)]
    case .some(let name): throw .unsupported("the fused function \(name)")
    }
    (function, bounds) = (try Activation(Attributes(name ?? "", opset: 17, values)), nil)
  }

  func run(_ x: Tensor) throws(OperatorError) -> Tensor {
    if let function { return try function.run(Operands([x]))[0] }
    guard let bounds else { return x }
    guard x.dtype == .float32 else { throw .noKernel(for: x.dtype) }
    return Elementwise.map(x) { (v: Float) in min(max(v, bounds.low), bounds.high) }
  }
}
