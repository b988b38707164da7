import ShrinkGraph

/// Gelu of ONNX Runtime: by the error function (Gelu, BiasGelu), a hyperbolic tangent (FastGelu) or a sigmoid (QuickGelu),
/// after a bias along the last axis is added (BiasGelu, FastGelu).
package struct FusedGelu: Operator {
  package static let domain = "com.microsoft"
  package static let names = Form.allCases.map(\.rawValue)
  package static let opsets = 1...1
  package static let inputs = 1...2

  /// Which one.
  enum Form: String, CaseIterable {
    case bias = "BiasGelu"
    case fast = "FastGelu"
    case plain = "Gelu"
    case quick = "QuickGelu"
  }
  private let form: Form
  private let alpha: Float

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let form = Form(rawValue: attributes.opType) else { throw .unsupported("the function \(attributes.opType)") }
    self.form = form
    alpha = form == .quick ? try attributes.float("alpha", default: 1.702) : 1
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, bias) = (inputs[0], inputs.optional(1))
    switch form {
    case .bias where bias == nil: throw .invalid("has no bias")
    case .plain where inputs.count > 1, .quick where inputs.count > 1: throw .invalid("has \(inputs.count) operands")
    default: break
    }
    if let bias {
      guard bias.shape.count == 1, x.shape.last == bias.shape[0], bias.dtype == x.dtype else {
        throw .invalid("adds \(bias.dtype)\(bias.shape) to \(x.dtype)\(x.shape)")
      }
    }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    return switch inputs[0].dtype {
    case .float32: [compute(inputs, Float.self)]
    case .float64: [compute(inputs, Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func compute<T: Real>(_ inputs: Operands<Tensor>, _: T.Type) -> Tensor {
    var x = inputs[0]
    if let bias = inputs.optional(1) { x = Broadcast.map(x, bias, to: x.shape) { (v: T, b: T) in v + b } }
    let alpha = T(alpha)
    return switch form {
    case .bias, .plain: Elementwise.map(x) { (v: T) in T.gelu(v) }
    case .fast: Elementwise.map(x) { (v: T) in T.tanhGelu(v) }
    case .quick: Elementwise.map(x) { (v: T) in T.swish(v, alpha) }
    }
  }

  package func couple(_ c: inout Coupling) {
    c.tieAll(input: 0, output: 0)
    if c.inputs.optional(1) != nil { c.tie(.input(1, 0), .output(0, c.outputs[0].shape.count - 1)) }
  }
}
