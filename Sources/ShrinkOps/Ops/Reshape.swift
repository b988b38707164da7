import ShrinkGraph

/// The same elements under another shape: 0 copies a size, −1 takes what is left.
package struct Reshape: Operator {
  package static let names = ["Reshape"]
  package static let opsets = 1...28
  package static let inputs = 1...2
  package var useOfAll: String { "cuts them up in a way that is not followed" }
  private let allowsZero: Bool
  /// The target before opset 5.
  private let attribute: [Int]?

  package init(_ attributes: Attributes) throws(OperatorError) {
    allowsZero = try attributes.int("allowzero", default: 0) != 0
    attribute = attributes.opset < 5 ? try attributes.ints("shape") : nil
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let target = try Axes.integers(attribute, inputs, 1, "shape") else { throw .invalid("the shape is missing") }
    return [TensorType(inputs[0].dtype, try resolve(target, inputs[0].shape))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    [inputs[0].reshaped(try infer(inputs.types)[0].shape)]
  }

  private func resolve(_ target: [Int], _ input: [Int]) throws(OperatorError) -> [Int] {
    var shape = target
    for axis in target.indices where target[axis] == 0 && !allowsZero {
      guard axis < input.count else { throw .noSize(axis, input) }
      shape[axis] = input[axis]
    }
    guard let count = Tensor.checkedCount(input) else { throw .misfit(input, target) }
    if let open = shape.firstIndex(of: -1) {
      shape[open] = 1
      guard let known = Tensor.checkedCount(shape), known > 0, count % known == 0 else { throw .misfit(input, target) }
      shape[open] = count / known
    }
    guard Tensor.checkedCount(shape) == count else { throw .misfit(input, target) }
    return shape
  }

  package func couple(_ c: inout Coupling) {
    if attribute != nil || c.isStored(1) { return Regrouping.couple(&c) }
    // Sizes that are computed hold for this run alone; what is left for an axis, or written by itself, does not.
    guard !allowsZero else { return }
    let fixed = c.outputs[0].shape.indices.filter { axis in
      switch c.element(1, axis) {
      case .literal: false
      case .number(let number): number != -1
      default: true
      }
    }
    if fixed.count < c.outputs[0].shape.count { Regrouping.couple(&c, pinned: Set(fixed)) }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    if attribute == nil, !c.isStored(1) {
      let shape = c.outputs[0].shape
      return shape.indices.filter { size(.output(0, $0)) != shape[$0] }.map { axis in
        .literal(
          1, position: axis, size(.output(0, axis)),
          copied: axis < c.inputs[0].shape.count ? size(.input(0, axis)) : nil)
      }
    }
    guard let old = attribute ?? c.inputs.optional(1)?.constant?.integers else { return [] }
    var new = old
    for axis in old.indices where old[axis] != -1 {
      let wanted = size(.output(0, axis))
      let copies = old[axis] == 0 && !allowsZero && axis < c.inputs[0].shape.count
      if copies ? size(.input(0, axis)) != wanted : old[axis] != wanted { new[axis] = wanted }
    }
    if new == old { return [] }
    return attribute != nil
      ? [.attribute("shape", .ints(new.map(Int64.init)))]
      : [.operand(1, Tensor(shape: [new.count], new.map(Int64.init)))]
  }
}

extension Reshape: StorageOperator {
  package func operands(for result: Tensor, like operands: Operands<Tensor>) -> Operands<Tensor>? {
    guard result.count == operands[0].count else { return nil }
    return Operands([result.reshaped(operands[0].shape)] + operands.items.dropFirst())
  }
}

extension OperatorError {
  fileprivate static func noSize(_ axis: Int, _ input: [Int]) -> OperatorError {
    .invalid("copies the size of axis \(axis) of a tensor of shape \(input)")
  }
  fileprivate static func misfit(_ input: [Int], _ target: [Int]) -> OperatorError {
    .invalid("a tensor of shape \(input) cannot be read as \(target)")
  }
}
