import ShrinkGraph

/// Broadcasting before opset 7: the second operand alone repeats, and `axis` says where it stands in the first.
///
/// From opset 7 on, and where `axis` is left out, shapes are aligned at their last axes. Source: Add-1 and Add-6 of the
/// ONNX operator changelog.
struct LegacyBroadcast: Sendable {
  private let axis: Int?

  /// Reads `axis`, which later versions do not have.
  init(_ attributes: Attributes) throws(OperatorError) {
    axis = attributes.opset < 7 ? try attributes.int("axis") : nil
  }

  /// The shape of operand 1 with the axes of size 1 behind it that align it at the last axes.
  private func aligned(_ shape: [Int], to first: [Int]) throws(OperatorError) -> [Int] {
    guard let axis else { return shape }
    let position = axis < 0 ? axis + first.count : axis
    guard position >= 0, position + shape.count <= first.count else {
      throw .invalid("a shape \(shape) does not fit \(first) from axis \(axis) on")
    }
    return shape + [Int](repeating: 1, count: first.count - position - shape.count)
  }

  /// The operands in shapes that can be broadcast as later versions do.
  func aligned(_ inputs: Operands<TensorType>) throws(OperatorError) -> Operands<TensorType> {
    guard axis != nil else { return inputs }
    let shape = try aligned(inputs[1].shape, to: inputs[0].shape)
    return Operands([inputs[0], TensorType(inputs[1].dtype, shape, constant: inputs[1].constant?.reshaped(shape))])
  }

  /// The same for tensors.
  func aligned(_ inputs: Operands<Tensor>) throws(OperatorError) -> Operands<Tensor> {
    guard axis != nil else { return inputs }
    return Operands([inputs[0], inputs[1].reshaped(try aligned(inputs[1].shape, to: inputs[0].shape))])
  }

  /// Ties every axis of the operands with the result's, except where it repeats.
  func couple(_ c: inout Coupling) {
    guard let axis else { return Broadcast.couple(&c) }
    let (rank, own) = (c.outputs[0].shape.count, c.inputs[1].shape)
    guard c.inputs[0].shape.count == rank, (try? aligned(own, to: c.inputs[0].shape)) != nil else { return }
    c.tieAll(input: 0, output: 0)
    let position = axis < 0 ? axis + rank : axis
    for axis in own.indices where own[axis] != 1 { c.tie(.input(1, axis), .output(0, position + axis)) }
  }
}
