import ShrinkGraph

/// A tensor of a computed shape with one value everywhere.
package struct ConstantOfShape: Operator {
  package static let names = ["ConstantOfShape"]
  package static let opsets = 9...28
  package static let inputs = 1...1
  private let value: Tensor

  package init(_ attributes: Attributes) throws(OperatorError) {
    value = try attributes.tensor("value") ?? Tensor(Float(0))
    guard value.count == 1 else { throw .invalid("attribute 'value' has \(value.count) elements instead of one") }
    guard value.dtype.bits > 0, value.dtype.bits != 6 else { throw .unsupportedType(value.dtype) }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = try Axes.constant(inputs, 0, "input") ?? []
    return [TensorType(value.dtype, try Axes.checked(shape, value.dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    let (shape, bits) = (type.shape, type.dtype.bits)
    if bits < 8 {
      // One element repeated through a byte.
      let element = value.withBytes { $0[0] & (1 << bits - 1) }
      let byte = stride(from: 0, to: 8, by: bits).reduce(UInt8(0)) { $0 | element << $1 }
      let storage = TensorStorage(byteCount: type.dtype.byteCount(Tensor.count(shape)) ?? 0)
      storage.bytes.initializeMemory(as: UInt8.self, repeating: byte, count: storage.byteCount)
      return [Tensor(dtype: type.dtype, shape: shape, storage: storage)]
    }
    return [try StridedView(shape: shape, strides: shape.map { _ in 0 }).copied(from: value)]
  }
}
