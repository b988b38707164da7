import ShrinkGraph

/// The number of elements, as a scalar.
package struct Size: Operator {
  package static let names = ["Size"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "uses how many there are" }

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    [TensorType(constant: Tensor(Int64(Tensor.count(try Axes.checked(inputs[0].shape, inputs[0].dtype)))))]
  }
  package func run(_ inputs: Operands<Tensor>) -> [Tensor] { [Tensor(Int64(inputs[0].count))] }
}
