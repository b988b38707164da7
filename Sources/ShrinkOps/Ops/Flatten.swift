import ShrinkGraph

/// Reads a tensor as a matrix: axes before `axis` become rows, the others columns.
package struct Flatten: Operator {
  package static let names = ["Flatten"]
  package static let opsets = 1...28
  package static let inputs = 1...1

  private let axis: Int

  package init(_ attributes: Attributes) throws(OperatorError) { axis = try attributes.int("axis", default: 1) }

  private func split(_ shape: [Int]) throws(OperatorError) -> Int {
    let split = axis < 0 ? axis + shape.count : axis
    guard split >= 0, split <= shape.count else { throw .invalid("axis \(axis) of a tensor of shape \(shape)") }
    return split
  }

  private func flattened(_ shape: [Int]) throws(OperatorError) -> [Int] {
    let split = try split(shape)
    return [shape[..<split].product, shape[split...].product]
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    let shape = try flattened(x.shape)
    return [TensorType(x.dtype, shape, constant: x.constant?.reshaped(shape))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    [inputs[0].reshaped(try flattened(inputs[0].shape))]
  }

  package func couple(_ c: inout Coupling) { Regrouping.couple(&c) }
}
