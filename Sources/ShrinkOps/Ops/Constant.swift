import ShrinkGraph

/// A tensor that stands in an attribute.
package struct Constant: Operator {
  package static let names = ["Constant"]
  package static let opsets = 1...28
  package static let inputs = 0...0
  private let value: Tensor

  package init(_ attributes: Attributes) throws(OperatorError) {
    if let tensor = try attributes.tensor("value") {
      value = tensor
    } else if let number = try attributes.float("value_float") {
      value = Tensor(number)
    } else if let numbers = try attributes.floats("value_floats") {
      value = Tensor(shape: [numbers.count], numbers)
    } else if let number = try attributes.int("value_int") {
      value = Tensor(Int64(number))
    } else if let numbers = try attributes.ints("value_ints") {
      value = Tensor(shape: [numbers.count], numbers.map(Int64.init))
    } else {
      throw .unsupported("a constant that is a text or sparse")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(constant: value)] }
  package func run(_ inputs: Operands<Tensor>) -> [Tensor] { [value] }
}
