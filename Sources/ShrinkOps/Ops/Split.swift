import ShrinkGraph

/// Cuts one axis into consecutive parts, of given or of equal lengths.
package struct Split: Operator {
  package static let names = ["Split"]
  package static let opsets = 1...28
  package static let inputs = 1...2
  private let axis: Int
  private let parts: Int
  private let attribute: [Int]?
  private let opset: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: 0)
    attribute = try attributes.ints("split")
    opset = attributes.opset
    parts = attributes.outputs
    if let count = try attributes.int("num_outputs"), count != parts {
      throw .invalid("attribute 'num_outputs' is \(count), but the node names \(parts) results")
    }
    guard parts > 0 else { throw .invalid("the node names no result") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = inputs[0].shape
    let axis = try Axes.position(axis, rank: shape.count)
    return try lengths(inputs, shape[axis]).map { length in
      var part = shape
      part[axis] = length
      return TensorType(inputs[0].dtype, part)
    }
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let axis = try Axes.position(axis, rank: x.rank)
    let strides = Axes.strides(x.shape)
    var result: [Tensor] = []
    var start = 0
    for part in try infer(inputs.types) {
      let isEmpty = part.shape.contains(0)
      let view = StridedView(shape: part.shape, strides: strides, start: isEmpty ? 0 : start * strides[axis])
      result.append(try view.copied(from: x))
      start += part.shape[axis]
    }
    return result
  }

  private func lengths(_ inputs: Operands<TensorType>, _ size: Int) throws(OperatorError) -> [Int] {
    guard let given = try Axes.integers(attribute, inputs, 1, "split") else {
      guard let lengths = implicit(size) else { throw .unequal(size, parts) }
      return lengths
    }
    var total = 0
    for length in given {
      guard length >= 0, length <= size - total else { throw .misfit(given, size) }
      total += length
    }
    guard total == size, given.count == parts else { throw .misfit(given, size) }
    return given
  }

  /// Equal parts, what a node without lengths makes; from opset 18 on the last may be shorter.
  private func implicit(_ size: Int) -> [Int]? {
    let length = (size + parts - 1) / parts
    guard size % parts == 0 || (opset >= 18 && length * (parts - 1) <= size) else { return nil }
    return (0..<parts).map { min(length, size - $0 * length) }
  }

  private func isImplicit(_ c: Coupling) -> Bool { attribute == nil && c.inputs.optional(1) == nil }

  /// A node without lengths gets some when its parts do not stay equal.
  ///
  /// A part of one index must stay, and a rule cannot pin one index: then the axis is not named.
  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    for part in 0..<parts { c.tieAll(input: 0, output: part, except: [axis]) }
    guard isImplicit(c) || attribute != nil || c.isStored(1) else { return }
    if parts > 1, (0..<parts).contains(where: { c.size(.output($0, axis)) == 1 }) { return }
    var start = 0
    for part in 0..<parts {
      let length = c.size(.output(part, axis))
      c.tie(.output(part, axis), from: 0, .input(0, axis), from: start, count: length)
      start += length
    }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return [] }
    let lengths = (0..<parts).map { Int64(size(.output($0, axis))) }
    if lengths == (0..<parts).map({ Int64(c.size(.output($0, axis))) }) { return [] }
    if isImplicit(c), implicit(Int(lengths.reduce(0, +)))?.map(Int64.init) == lengths { return [] }
    if attribute != nil || opset < 13 { return [.attribute("split", .ints(lengths))] }
    return [.operand(1, Tensor(shape: [parts], lengths)), .noAttribute("num_outputs")]
  }
}

extension OperatorError {
  fileprivate static func unequal(_ size: Int, _ parts: Int) -> OperatorError {
    .invalid("an axis of \(size) cannot be cut into \(parts) equal parts")
  }
  fileprivate static func misfit(_ lengths: [Int], _ size: Int) -> OperatorError {
    .invalid("an axis of \(size) cannot be cut into parts of \(lengths)")
  }
}
