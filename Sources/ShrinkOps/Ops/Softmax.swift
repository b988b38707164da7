import ShrinkGraph

/// Exponentials over an axis, divided by their sum.
package struct Softmax: Operator {
  package static let names = ["Softmax"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "normalises over all of them" }

  let rule: NormalizedExponential

  package init(_ attributes: Attributes) throws(OperatorError) {
    rule = try NormalizedExponential(attributes, isLogarithm: false)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] { try rule.infer(inputs[0]) }
  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] { try rule.run(inputs[0]) }
  package func couple(_ c: inout Coupling) { rule.couple(&c) }
}
