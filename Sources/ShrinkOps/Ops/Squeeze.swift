import ShrinkGraph

/// Drops axes of size 1.
package struct Squeeze: Operator {
  package static let names = ["Squeeze"]
  package static let opsets = 1...28
  package static let inputs = 1...2
  private let attribute: [Int]?
  private let opset: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    attribute = try attributes.ints("axes")
    opset = attributes.opset
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let gone = try dropped(inputs)
    let shape = inputs[0].shape
    return [TensorType(inputs[0].dtype, shape.indices.filter { !gone.contains($0) }.map { shape[$0] })]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    [inputs[0].reshaped(try infer(inputs.types)[0].shape)]
  }

  private func dropped(_ inputs: Operands<TensorType>) throws(OperatorError) -> [Int] {
    let shape = inputs[0].shape
    guard let axes = try Axes.integers(attribute, inputs, 1, "axes") else {
      return shape.indices.filter { shape[$0] == 1 }
    }
    let positions = try Axes.positions(axes, rank: shape.count)
    for axis in positions where shape[axis] != 1 {
      throw .invalid("drops axis \(axis) of a tensor of shape \(shape), whose size is not 1")
    }
    return positions
  }

  private func isImplicit(_ c: Coupling) -> Bool { attribute == nil && c.inputs.optional(1) == nil }

  /// Without a list of axes, an axis that shrinks to 1 would go too: named only where an attribute can say which go.
  package func couple(_ c: inout Coupling) {
    guard !isImplicit(c) || opset < 13, let gone = try? dropped(c.inputs) else { return }
    let stay = c.inputs[0].shape.indices.filter { !gone.contains($0) }
    for (axis, from) in stay.enumerated() { c.tie(.input(0, from), .output(0, axis)) }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard isImplicit(c), opset < 13, let gone = try? dropped(c.inputs) else { return [] }
    let hasChanged = c.outputs[0].shape.indices.contains { size(.output(0, $0)) != c.size(.output(0, $0)) }
    return hasChanged ? [.attribute("axes", .ints(gone.map(Int64.init)))] : []
  }
}
