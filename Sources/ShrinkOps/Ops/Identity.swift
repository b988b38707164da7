import ShrinkGraph

/// The operand as it is.
package struct Identity: Operator {
  package static let names = ["Identity"]
  package static let opsets = 1...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [inputs[0]] }
  package func run(_ inputs: Operands<Tensor>) -> [Tensor] { [inputs[0]] }
  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}

extension Identity: StorageOperator {
  package func operands(for result: Tensor, like operands: Operands<Tensor>) -> Operands<Tensor>? {
    Operands([result])
  }
}
