import ShrinkGraph

/// Puts the axes in another order; reverses them when none is given.
package struct Transpose: Operator {
  package static let names = ["Transpose"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  private let order: [Int]?

  package init(_ attributes: Attributes) throws(OperatorError) { order = try attributes.ints("perm") }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = inputs[0].shape
    return [TensorType(inputs[0].dtype, try order(shape.count).map { shape[$0] })]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    [try StridedView.transposing(inputs[0].shape, by: order(inputs[0].rank)).copied(from: inputs[0])]
  }

  private func order(_ rank: Int) throws(OperatorError) -> [Int] {
    guard let order else { return (0..<rank).reversed() }
    guard order.count == rank else { throw .invalid("perm \(order) for a tensor with \(rank) axes") }
    return try Axes.positions(order, rank: rank)
  }

  package func couple(_ c: inout Coupling) {
    guard let order = try? order(c.inputs[0].shape.count) else { return }
    for (axis, from) in order.enumerated() { c.tie(.input(0, from), .output(0, axis)) }
  }
}

extension Transpose: StorageOperator {
  package func operands(
    for result: Tensor, like operands: Operands<Tensor>
  ) throws(OperatorError) -> Operands<Tensor>? {
    let order = try order(result.rank)
    let inverse = order.indices.map { axis in order.firstIndex(of: axis) ?? axis }
    return Operands([try StridedView.transposing(result.shape, by: inverse).copied(from: result)])
  }
}
