import ShrinkGraph

/// Cuts axes to a length around their middle, or adds zeros at both ends.
///
/// Source: the ONNX specification of CenterCropPad, version 18.
package struct CenterCropPad: Operator {
  package static let names = ["CenterCropPad"]
  package static let opsets = 18...28
  package static let inputs = 2...2
  private let axes: [Int]?

  package init(_ attributes: Attributes) throws(OperatorError) { axes = try attributes.ints("axes") }

  /// The shape of the result.
  private func shape(_ x: [Int], _ wanted: Tensor, _ dtype: DType) throws(OperatorError) -> [Int] {
    var named = Array(x.indices)
    if let axes { named = try Axes.positions(axes, rank: x.count) }
    guard let lengths = wanted.integers, lengths.count == named.count, lengths.allSatisfy({ $0 >= 0 }) else {
      throw .invalid("lengths \(wanted.integers ?? []) for \(named.count) axes")
    }
    var result = x
    for (axis, length) in zip(named, lengths) { result[axis] = length }
    return try Axes.checked(result, dtype)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let wanted = inputs[1].constant else { throw .shapeDependsOnData }
    return [TensorType(inputs[0].dtype, try shape(inputs[0].shape, wanted, inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let shape = try shape(x.shape, inputs[1], x.dtype)
    if shape.contains(0) { return [.empty(x.dtype, shape)] }
    let sources = zip(x.shape, shape).map { size, length in
      let first = size >= length ? (size - length) / 2 : -((length - size) / 2)
      return (first..<first + length).map { $0 >= 0 && $0 < size ? $0 : -1 }
    }
    return [try IndexedCopy.copied(x, sources)]
  }

  package func couple(_ c: inout Coupling) {
    guard let axes, let named = try? Axes.positions(axes, rank: c.inputs[0].shape.count) else { return }
    c.tieAll(input: 0, output: 0, except: Set(named))
  }
}
