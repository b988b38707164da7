import ShrinkGraph

/// Inverts the bits of integers.
///
/// Source: ONNX BitwiseNot-18.
package struct BitwiseNot: Operator {
  package static let names = ["BitwiseNot"]
  package static let opsets = 18...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(inputs[0].dtype, inputs[0].shape)] }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    return switch x.dtype {
    case .int8: [Elementwise.map(x) { (v: Int8) in ~v }]
    case .int16: [Elementwise.map(x) { (v: Int16) in ~v }]
    case .int32: [Elementwise.map(x) { (v: Int32) in ~v }]
    case .int64: [Elementwise.map(x) { (v: Int64) in ~v }]
    case .uint8: [Elementwise.map(x) { (v: UInt8) in ~v }]
    case .uint16: [Elementwise.map(x) { (v: UInt16) in ~v }]
    case .uint32: [Elementwise.map(x) { (v: UInt32) in ~v }]
    case .uint64: [Elementwise.map(x) { (v: UInt64) in ~v }]
    default: throw .unsupportedType(x.dtype)
    }
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}
