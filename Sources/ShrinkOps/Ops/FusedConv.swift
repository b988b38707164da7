import ShrinkGraph

/// A convolution, a summand of the result's shape, and a function of their sum.
package struct FusedConv: LinearOperator {
  package static let domain = "com.microsoft"
  package static let names = ["FusedConv"]
  package static let opsets = 1...1
  package static let inputs = 2...4
  package var useOfAll: String { "slides a window over them" }

  private let convolution: Conv
  private let activation: FusedActivation

  package init(_ attributes: Attributes) throws(OperatorError) {
    convolution = try Conv(attributes)
    activation = try FusedActivation(
      try attributes.string("activation"), try attributes.floats("activation_params") ?? [])
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let y = try convolution.infer(Operands(Array(inputs.items.prefix(3))))
    if let summand = inputs.optional(3) {
      guard summand.shape == y[0].shape, summand.dtype == y[0].dtype else {
        throw .invalid("adds \(summand.dtype)\(summand.shape) to \(y[0].dtype)\(y[0].shape)")
      }
    }
    return y
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    guard inputs[0].dtype == .float32 else { return try Conversion.wideningFloats(inputs, run) }
    var y = try convolution.run(Operands(Array(inputs.items.prefix(3))))[0]
    if let summand = inputs.optional(3) { y = try Arithmetic.add(y, summand) }
    return [try activation.run(y)]
  }

  package func couple(_ c: inout Coupling) {
    convolution.couple(&c)
    // Spatial axes are read by the kernel: only samples and channels may go.
    if c.inputs.optional(3) != nil { for axis in 0...1 { c.tie(.input(3, axis), .output(0, axis)) } }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { convolution.resize(c, to: size) }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let maps = convolution.readings(Operands(Array(inputs.items.prefix(3))))
    return activation.isIdentity && inputs.optional(3) == nil ? maps : maps.map { HiddenReading($0) }
  }
}
