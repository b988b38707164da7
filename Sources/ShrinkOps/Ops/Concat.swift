import ShrinkGraph

/// Joins its operands along one axis.
package struct Concat: Operator {
  package static let names = ["Concat"]
  package static let opsets = 1...28
  package static let inputs = 1...Int.max
  package var useOfAll: String { "joins them with a part of one index, which must stay" }
  private let axis: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let axis = try attributes.int("axis") ?? (attributes.opset < 4 ? 1 : nil) else {
      throw .invalid("attribute 'axis' is missing")
    }
    self.axis = axis
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    var shape = inputs[0].shape
    let axis = try Axes.position(axis, rank: shape.count)
    for input in inputs.present.dropFirst() {
      guard input.dtype == inputs[0].dtype else { throw .differentTypes(inputs[0].dtype, input.dtype) }
      guard input.shape.count == shape.count,
        shape.indices.allSatisfy({ $0 == axis || shape[$0] == input.shape[$0] })
      else { throw .cannotJoin(shape, input.shape, axis) }
      let (size, overflow) = shape[axis].addingReportingOverflow(input.shape[axis])
      guard !overflow else { throw .cannotJoin(shape, input.shape, axis) }
      shape[axis] = size
    }
    return [TensorType(inputs[0].dtype, try Axes.checked(shape, inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    try StridedView.checkElements(type.dtype)
    let axis = try Axes.position(axis, rank: type.shape.count)
    let outer = Tensor.count(Array(type.shape[..<axis]))
    let inner = Tensor.count(Array(type.shape[(axis + 1)...])) * (type.dtype.bits / 8)
    let row = type.shape[axis] * inner
    let storage = TensorStorage(byteCount: outer * row)
    var offset = 0
    for input in inputs.present {
      let part = input.shape[axis] * inner
      input.withBytes { bytes in
        guard let from = bytes.baseAddress, part > 0 else { return }
        for block in 0..<outer {
          (storage.bytes + block * row + offset).copyMemory(from: from + block * part, byteCount: part)
        }
      }
      offset += part
    }
    return [Tensor(dtype: type.dtype, shape: type.shape, storage: storage)]
  }

  /// A part of one index must stay, and a rule cannot pin one index: then the axis is not named.
  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.outputs[0].shape.count) else { return }
    let isNamed = c.inputs.count == 1 || !c.inputs.present.contains { $0.shape[axis] == 1 }
    var offset = 0
    for slot in 0..<c.inputs.count where c.inputs.optional(slot) != nil {
      if isNamed { c.tie(.input(slot, axis), .output(0, axis), offset: offset) }
      c.tieAll(input: slot, output: 0, except: [axis])
      offset += c.size(.input(slot, axis))
    }
  }
}

extension OperatorError {
  fileprivate static func cannotJoin(_ a: [Int], _ b: [Int], _ axis: Int) -> OperatorError {
    .invalid("the shapes \(a) and \(b) cannot be joined along axis \(axis)")
  }
}
