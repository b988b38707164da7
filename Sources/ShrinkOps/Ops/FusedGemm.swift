import ShrinkGraph

/// A matrix product as Gemm has it, and a function of it.
package struct FusedGemm: LinearOperator {
  package static let domain = "com.microsoft"
  package static let names = ["FusedGemm"]
  package static let opsets = 1...1
  package static let inputs = 2...3

  private let product: Gemm
  private let activation: FusedActivation

  package init(_ attributes: Attributes) throws(OperatorError) {
    product = try Gemm(attributes)
    activation = try FusedActivation(
      try attributes.string("activation"),
      [try attributes.float("activation_alpha"), try attributes.float("activation_beta")])
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] { try product.infer(inputs) }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    guard inputs[0].dtype == .float32 else { return try Conversion.wideningFloats(inputs, run) }
    return [try activation.run(try product.run(inputs)[0])]
  }

  package func couple(_ c: inout Coupling) { product.couple(&c) }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { product.resize(c, to: size) }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let maps = product.readings(inputs)
    return activation.isIdentity ? maps : maps.map { HiddenReading($0) }
  }
}
