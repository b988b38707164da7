import ShrinkGraph

/// Takes the slices of an axis whose condition is true; without an axis, elements of the flattened operand.
///
/// x [D…], condition [n], n at most the length of the axis → the axis as long as there are true ones. Source: ONNX
/// Compress-28.
package struct Compress: Operator {
  package static let names = ["Compress"]
  package static let opsets = 9...28
  package static let inputs = 2...2
  private let axis: Int?

  package init(_ attributes: Attributes) throws(OperatorError) { axis = try attributes.int("axis") }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, condition) = (inputs[0], inputs[1])
    var (shape, axis) = try layout(x.shape)
    guard condition.dtype == .bool else { throw .unsupportedType(condition.dtype) }
    guard condition.shape.count == 1 else { throw .invalid("the condition has shape \(condition.shape)") }
    guard let constant = condition.constant else { throw .shapeDependsOnData }
    shape[axis] = try Self.chosen(constant, shape[axis]).count
    return [TensorType(x.dtype, shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let (shape, axis) = try layout(inputs[0].shape)
    let rows = try Self.chosen(inputs[1], shape[axis])
    try StridedView.checkElements(inputs[0].dtype)
    return [inputs[0].reshaped(shape).keeping(rows, axis: axis)]
  }

  /// The operand's shape, flattened where there is no axis, and the axis to take from.
  private func layout(_ shape: [Int]) throws(OperatorError) -> (shape: [Int], axis: Int) {
    guard let axis else {
      guard let count = Tensor.checkedCount(shape) else { throw .invalid("an operand of shape \(shape)") }
      return ([count], 0)
    }
    return (shape, try Axes.position(axis, rank: shape.count))
  }

  private static func chosen(_ condition: Tensor, _ length: Int) throws(OperatorError) -> [Int] {
    let flags = condition.elements(Bool.self)
    let rows = flags.indices.filter { flags[$0] }
    if let last = rows.last { _ = try Axes.index(last, length: length) }
    return rows
  }

  package func couple(_ c: inout Coupling) {
    guard let axis, let position = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    c.tieAll(input: 0, output: 0, except: [position])
  }
}
