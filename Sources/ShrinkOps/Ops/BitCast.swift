import ShrinkGraph

/// The same bits read as another element type of the same width.
package struct BitCast: Operator {
  package static let names = ["BitCast"]
  package static let opsets = 26...28
  package static let inputs = 1...1

  private let target: DType

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let target = try attributes.dtype("to") else { throw .invalid("attribute 'to' is missing") }
    self.target = target
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    guard x.dtype.bits == target.bits, target != .string, x.dtype != .string else {
      throw .invalid("reads \(x.dtype) as \(target)")
    }
    return [TensorType(target, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(inputs.types)
    if target == .bool {
      // A truth value is 0 or 1.
      let bits = Tensor(dtype: .uint8, shape: x.shape, storage: x.storage, offset: x.offset)
      return [Elementwise.map(bits) { (v: UInt8) in v != 0 }]
    }
    return [Tensor(dtype: target, shape: x.shape, storage: x.storage, offset: x.offset)]
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}
