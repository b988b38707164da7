import ShrinkGraph

/// Negation of booleans, element by element.
package struct Not: Operator {
  package static let names = ["Not"]
  package static let opsets = 1...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(.bool, inputs[0].shape)] }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    guard inputs[0].dtype == .bool else { throw .unsupportedType(inputs[0].dtype) }
    return [Elementwise.map(inputs[0]) { (v: Bool) in !v }]
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}
