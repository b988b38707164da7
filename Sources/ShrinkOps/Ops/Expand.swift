import ShrinkGraph

/// Repeats axes of size 1 until the operand has the shape that the second operand broadcasts it to.
package struct Expand: Operator {
  package static let names = ["Expand"]
  package static let opsets = 8...28
  package static let inputs = 2...2
  package var useOfAll: String { "repeats them" }

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let target = try Axes.constant(inputs, 1, "shape") ?? []
    let shape = try Broadcast.shape([inputs[0].shape, try Axes.checked(target, .uint8)])
    return [TensorType(inputs[0].dtype, try Axes.checked(shape, inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    if shape == inputs[0].shape { return [inputs[0]] }
    return [
      try StridedView(shape: shape, strides: Broadcast.strides(inputs[0].shape, in: shape)).copied(from: inputs[0])
    ]
  }

  package func couple(_ c: inout Coupling) {
    guard let target = c.inputs.optional(1)?.shape.first else { return }
    let lead = c.outputs[0].shape.count - c.inputs[0].shape.count
    for (axis, size) in c.inputs[0].shape.enumerated() where size != 1 && size == c.outputs[0].shape[lead + axis] {
      let position = lead + axis - (c.outputs[0].shape.count - target)
      // A computed 1, or none at all, keeps an axis whatever its size.
      guard c.isStored(1) || position < 0 || c.isNumber(1, position, 1) else { continue }
      c.tie(.input(0, axis), .output(0, lead + axis))
    }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard c.isStored(1), let old = c.inputs.optional(1)?.constant?.integers else { return [] }
    let lead = c.outputs[0].shape.count - old.count
    let new = old.indices.map { old[$0] == 1 ? 1 : size(.output(0, lead + $0)) }
    return new == old ? [] : [.operand(1, Tensor(shape: [new.count], new.map(Int64.init)))]
  }
}
