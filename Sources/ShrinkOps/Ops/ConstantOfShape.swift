import ShrinkGraph

/// A tensor of a computed shape with one value everywhere.
package struct ConstantOfShape: Operator {
  package static let names = ["ConstantOfShape"]
  package static let opsets = 9...28
  package static let inputs = 1...1
  private let value: Tensor

  package init(_ attributes: Attributes) throws(OperatorError) {
    value = try attributes.tensor("value") ?? Tensor(Float(0))
    guard value.count == 1 else { throw .invalid("attribute 'value' has \(value.count) elements instead of one") }
    try StridedView.checkElements(value.dtype)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = try Axes.constant(inputs, 0, "input") ?? []
    return [TensorType(value.dtype, try Axes.checked(shape, value.dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    return [try StridedView(shape: shape, strides: shape.map { _ in 0 }).copied(from: value)]
  }
}
