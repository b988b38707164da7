import ShrinkGraph

/// Repeats the whole operand along each axis.
package struct Tile: Operator {
  package static let names = ["Tile"]
  package static let opsets = 1...28
  package static let inputs = 2...3
  package var useOfAll: String { "repeats them" }

  /// Whether one axis is repeated, as before opset 6.
  private let isOneAxis: Bool

  package init(_ attributes: Attributes) { isOneAxis = attributes.opset < 6 }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (shape, repeats) = (inputs[0].shape, try repeats(inputs))
    var result: [Int] = []
    for axis in shape.indices {
      let (size, overflow) = shape[axis].multipliedReportingOverflow(by: repeats[axis])
      guard !overflow, size >= 0 else { throw .invalid("repeats an axis of \(shape[axis]) \(repeats[axis]) times") }
      result.append(size)
    }
    return [TensorType(inputs[0].dtype, try Axes.checked(result, inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let (x, repeats, strides) = (inputs[0], try repeats(inputs.types), Axes.strides(inputs[0].shape))
    if shape == x.shape { return [x] }
    let view = StridedView(
      shape: x.shape.indices.flatMap { [repeats[$0], x.shape[$0]] }, strides: strides.flatMap { [0, $0] })
    return [try view.copied(from: x).reshaped(shape)]
  }

  private func repeats(_ inputs: Operands<TensorType>) throws(OperatorError) -> [Int] {
    if isOneAxis {
      guard let count = try Axes.scalar(inputs, 1, "tiles"), let axis = try Axes.scalar(inputs, 2, "axis") else {
        throw .invalid("operand 'axis' is missing")
      }
      var result = inputs[0].shape.map { _ in 1 }
      result[try Axes.position(axis, rank: result.count)] = count
      return result
    }
    let repeats = try Axes.constant(inputs, 1, "repeats") ?? []
    guard repeats.count == inputs[0].shape.count else {
      throw .invalid("\(repeats.count) repeats for a tensor of shape \(inputs[0].shape)")
    }
    return repeats
  }

  package func couple(_ c: inout Coupling) {
    guard let repeats = try? repeats(c.inputs) else { return }
    let isKept = { (axis: Int) in
      repeats[axis] == 1 && (c.isStored(1) || !isOneAxis && c.isNumber(1, axis, 1))
    }
    let kept = repeats.indices.filter(isKept)
    for axis in kept { c.tie(.input(0, axis), .output(0, axis)) }
    guard c.isStored(1), !isOneAxis || c.isStored(2) else { return }
    for axis in repeats.indices where repeats[axis] > 1 && c.size(.input(0, axis)) > 1 {
      let (times, own) = (c.factor(repeats[axis]), c.factor(c.size(.input(0, axis))))
      c.split(.input(0, axis), into: [own])
      c.split(.output(0, axis), into: [times, own])
      c.pin(times)
    }
  }
}
