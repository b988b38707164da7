import ShrinkGraph

/// Nonlinearities of networks, with the numbers that shape them.
///
/// Formulas: ONNX operator documentation.
package struct Activation: Operator {
  package static let names = Function.allCases.map(\.rawValue)
  package static let opsets = 1...28
  package static let inputs = 1...1

  /// Which function.
  enum Function: String, CaseIterable {
    case celu = "Celu"
    case elu = "Elu"
    case gelu = "Gelu"
    case hardSigmoid = "HardSigmoid"
    case hardSwish = "HardSwish"
    case leakyRelu = "LeakyRelu"
    case mish = "Mish"
    case relu = "Relu"
    case selu = "Selu"
    case shrink = "Shrink"
    case sigmoid = "Sigmoid"
    case softplus = "Softplus"
    case softsign = "Softsign"
    case swish = "Swish"
    case thresholdedRelu = "ThresholdedRelu"

    /// What alpha and beta (Selu: gamma, Shrink: lambd and bias) are when they are left out.
    fileprivate var defaults: (Float, Float) {
      switch self {
      case .leakyRelu: (0.01, 0)
      case .hardSigmoid: (0.2, 0.5)
      case .selu: (1.6732632423543772, 1.0507009873554805)
      case .shrink: (0.5, 0)
      default: (1, 0)
      }
    }
    fileprivate var attributes: (String, String) {
      switch self {
      case .selu: ("alpha", "gamma")
      case .shrink: ("lambd", "bias")
      default: ("alpha", "beta")
      }
    }
  }
  let function: Function
  let alpha: Float
  let beta: Float
  let isTanhGelu: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
    alpha = try attributes.float(function.attributes.0, default: function.defaults.0)
    beta = try attributes.float(function.attributes.1, default: function.defaults.1)
    let form = try attributes.string("approximate") ?? "none"
    guard form == "none" || form == "tanh" else { throw .invalid("attribute 'approximate' is '\(form)'") }
    isTanhGelu = form == "tanh"
  }

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(inputs[0].dtype, inputs[0].shape)] }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [compute(inputs[0], Float.self)]
    case .float64: [compute(inputs[0], Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    case .int64 where function == .relu: [Elementwise.map(inputs[0]) { (v: Int64) in max(v, 0) }]
    case .int8 where function == .relu, .int16 where function == .relu, .int32 where function == .relu:
      try Conversion.widening(inputs, run)
    case .int8 where function == .shrink, .int16 where function == .shrink, .int32 where function == .shrink,
      .int64 where function == .shrink, .uint8 where function == .shrink, .uint16 where function == .shrink,
      .uint32 where function == .shrink, .uint64 where function == .shrink:
      try Conversion.through(.float64, inputs, run)
    default: throw .unsupportedType(inputs[0].dtype)
    }
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func compute<T: Real>(_ x: Tensor, _ type: T.Type) -> Tensor {
    let (a, b) = (T(alpha), T(beta))
    return switch function {
    case .celu: Elementwise.map(x) { (v: T) in v > 0 ? v : a * T.exponentialMinusOne(v / a) }
    case .elu: Elementwise.map(x) { (v: T) in v > 0 ? v : a * T.exponentialMinusOne(v) }
    case .gelu where isTanhGelu: Elementwise.map(x) { (v: T) in T.tanhGelu(v) }
    case .gelu: Elementwise.map(x) { (v: T) in T.gelu(v) }
    case .hardSigmoid: Elementwise.map(x) { (v: T) in Self.clamp(a * v + b) }
    case .hardSwish: Elementwise.map(x) { (v: T) in v * Self.clamp(v / 6 + 0.5) }
    case .leakyRelu: Elementwise.map(x) { (v: T) in v < 0 ? a * v : v }
    case .mish: Elementwise.map(x) { (v: T) in v * T.hyperbolicTangent(Self.softplus(v)) }
    case .relu: Elementwise.map(x) { (v: T) in v < 0 ? 0 : v }
    case .selu: Elementwise.map(x) { (v: T) in b * (v > 0 ? v : a * T.exponentialMinusOne(v)) }
    case .shrink: Elementwise.map(x) { (v: T) in v < -a ? v + b : v > a ? v - b : 0 }
    case .sigmoid: Elementwise.map(x) { (v: T) in 1 / (1 + T.exponential(-v)) }
    case .softplus: Elementwise.map(x) { (v: T) in Self.softplus(v) }
    case .softsign: Elementwise.map(x) { (v: T) in v / (1 + abs(v)) }
    case .swish: Elementwise.map(x) { (v: T) in T.swish(v, a) }
    case .thresholdedRelu: Elementwise.map(x) { (v: T) in v > a ? v : 0 }
    }
  }

  /// log(1 + eˣ) without overflow.
  @inline(__always)
  private static func softplus<T: Real>(_ x: T) -> T {
    T.logarithmOnePlus(T.exponential(-abs(x))) + (x < 0 ? 0 : x)
  }

  @inline(__always)
  private static func clamp<T: Real>(_ x: T) -> T { x < 0 ? 0 : x > 1 ? 1 : x }
}
