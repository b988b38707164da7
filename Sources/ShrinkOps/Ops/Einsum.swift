import ShrinkGraph

/// Products of operands summed over the axes that an equation does not keep.
package struct Einsum: Operator {
  package static let names = ["Einsum"]
  package static let opsets = 12...28
  package static let inputs = 1...Int(Int32.max)

  private let equation: String

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let equation = try attributes.string("equation") else { throw .invalid("attribute 'equation' is missing") }
    self.equation = equation
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs.present.count == inputs.count, inputs.present.allSatisfy({ $0.dtype == inputs[0].dtype }) else {
      throw .invalid("multiplies elements of types \(inputs.present.map(\.dtype))")
    }
    let read = try EinsumEquation(equation, ranks: inputs.present.map(\.shape.count))
    let sizes = try read.sizes(inputs.present.map(\.shape))
    let dtype = inputs[0].dtype
    return [TensorType(dtype, try Axes.checked(read.result.map { sizes[$0] ?? 1 }, dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    if Tensor.count(type.shape) == 0, type.dtype.bits >= 8 {
      return [Tensor(dtype: type.dtype, shape: type.shape, storage: TensorStorage(byteCount: 0))]
    }
    switch inputs[0].dtype {
    case .float32: return [try run(inputs.present, Float.self)]
    case .float64: return [try run(inputs.present, Double.self)]
    case .int64: return [try run(inputs.present, Int64.self)]
    case .uint64:
      let signed = inputs.present.map { $0.read(as: .int64) }
      return [try run(signed, Int64.self).read(as: .uint64)]
    case .bool: throw .noKernel(for: .bool)
    default: return try Conversion.widening(inputs, run)
    }
  }

  package func couple(_ c: inout Coupling) {
    let shapes = c.inputs.present.map(\.shape)
    guard let read = try? EinsumEquation(equation, ranks: shapes.map(\.count)),
      let sizes = try? read.sizes(shapes)
    else { return }
    for (slot, labels) in read.operands.enumerated() {
      for (axis, label) in labels.enumerated() where shapes[slot][axis] == sizes[label] {
        guard let to = read.result.firstIndex(of: label) else { continue }
        c.tie(.input(slot, axis), .output(0, to))
      }
    }
    coupleSums(read, shapes, &c)
  }

  /// The label that a product of stacks of matrices sums over: of the last two axes of both operands, with the same axes in
  /// front.
  private func coupleSums(_ read: EinsumEquation, _ shapes: [[Int]], _ c: inout Coupling) {
    guard read.operands.count == 2, !c.isStored(0), !c.isStored(1) else { return }
    let (a, b) = (read.operands[0], read.operands[1])
    let summed = Set(a.suffix(2)).intersection(b.suffix(2)).subtracting(read.result)
    guard a.count >= 2, b.count >= 2, a.dropLast(2) == b.dropLast(2), Set(a).count == a.count, Set(b).count == b.count,
      Set(a.dropLast(2)).isSubset(of: read.result), summed.count == 1, let label = summed.first,
      let left = a.firstIndex(of: label), let right = b.firstIndex(of: label), shapes[0][left] == shapes[1][right]
    else { return }
    c.pair(.input(0, left), .input(1, right))
  }

  private func run<T: EinsumElement>(_ operands: [Tensor], _ type: T.Type) throws(OperatorError) -> Tensor {
    let read = try EinsumEquation(equation, ranks: operands.map(\.rank))
    return try EinsumContraction.run(read, operands, sizes: read.sizes(operands.map(\.shape)), type)
  }
}

extension Tensor {
  /// The same bits as another type of the same width: products and sums of integers wrap to the same bits.
  fileprivate func read(as dtype: DType) -> Tensor {
    Tensor(dtype: dtype, shape: shape, storage: storage, offset: offset)
  }
}
