import ShrinkGraph

/// Inserts axes of size 1.
package struct Unsqueeze: Operator {
  package static let names = ["Unsqueeze"]
  package static let opsets = 1...28
  package static let inputs = 1...2
  private let attribute: [Int]?

  package init(_ attributes: Attributes) throws(OperatorError) { attribute = try attributes.ints("axes") }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let new = Set(try inserted(inputs))
    var old = inputs[0].shape[...]
    let shape = (0..<(old.count + new.count)).map { new.contains($0) ? 1 : old.removeFirst() }
    return [TensorType(inputs[0].dtype, shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    [inputs[0].reshaped(try infer(inputs.types)[0].shape)]
  }

  private func inserted(_ inputs: Operands<TensorType>) throws(OperatorError) -> [Int] {
    guard let axes = try Axes.integers(attribute, inputs, 1, "axes") else { throw .invalid("'axes' is missing") }
    return try Axes.positions(axes, rank: inputs[0].shape.count + axes.count)
  }

  package func couple(_ c: inout Coupling) {
    guard let new = try? inserted(c.inputs) else { return }
    let old = c.outputs[0].shape.indices.filter { !new.contains($0) }
    for (axis, to) in old.enumerated() { c.tie(.input(0, axis), .output(0, to)) }
  }
}
