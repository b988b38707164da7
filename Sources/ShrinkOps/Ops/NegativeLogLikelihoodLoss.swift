import ShrinkGraph

/// The weighted negative logarithm of the probability that each target has.
package struct NegativeLogLikelihoodLoss: Operator {
  package static let names = ["NegativeLogLikelihoodLoss"]
  package static let opsets = 12...28
  package static let inputs = 2...3

  private let loss: ClassLoss

  package init(_ attributes: Attributes) throws(OperatorError) { loss = try ClassLoss(attributes) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] { [try loss.infer(inputs)] }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [try loss.run(inputs[0], inputs, Float.self)]
    case .float64: [try loss.run(inputs[0], inputs, Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }
}
