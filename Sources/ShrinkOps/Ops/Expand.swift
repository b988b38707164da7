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
    let (shape, rank) = (c.outputs[0].shape, c.inputs[0].shape.count)
    for (axis, size) in shape.enumerated() where size != 1 {
      let (own, position) = (axis - (shape.count - rank), axis - (shape.count - target))
      if own >= 0, c.inputs[0].shape[own] == size {
        // A computed 1, or none at all, keeps an axis whatever its size.
        guard c.isStored(1) || position < 0 || c.isNumber(1, position, 1) else { continue }
        c.tie(.input(0, own), .output(0, axis))
      } else if c.isStored(1) || c.element(1, position) == .literal(size) {
        // Repetitions of one index may go one by one.
        c.split(.output(0, axis), into: [c.factor(size)])
      }
    }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let target = c.inputs.optional(1)?.shape.first else { return [] }
    let lead = c.outputs[0].shape.count - target
    guard c.isStored(1), let old = c.inputs.optional(1)?.constant?.integers else {
      let changed = (0..<target).filter { size(.output(0, lead + $0)) != c.outputs[0].shape[lead + $0] }
      return changed.map { .literal(1, position: $0, size(.output(0, lead + $0)), copied: nil) }
    }
    let new = old.indices.map { old[$0] == 1 ? 1 : size(.output(0, lead + $0)) }
    return new == old ? [] : [.operand(1, Tensor(shape: [new.count], new.map(Int64.init)))]
  }
}
