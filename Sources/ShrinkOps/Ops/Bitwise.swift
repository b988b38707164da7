import ShrinkGraph

/// And, or, exclusive or, and shifts of the bits of two integer operands that are broadcast together.
///
/// A shift by at least the width of the type, or by a negative number, leaves what the sign bit alone gives. Source: ONNX
/// BitwiseAnd-18 and BitShift-28.
package struct Bitwise: Operator {
  package static let names = ["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]
  package static let opsets = 11...28
  package static let inputs = 2...2

  private enum Function: String {
    case and = "BitwiseAnd"
    case or = "BitwiseOr"
    case xor = "BitwiseXor"
    case left = "LEFT"
    case right = "RIGHT"
  }
  private let function: Function

  package init(_ attributes: Attributes) throws(OperatorError) {
    let isShift = attributes.opType == "BitShift"
    let name = isShift ? try attributes.string("direction") ?? "" : attributes.opType
    guard let function = Function(rawValue: name), isShift == (function == .left || function == .right) else {
      throw .invalid("the function '\(name)'")
    }
    self.function = function
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (a, b) = (inputs[0], inputs[1])
    guard a.dtype == b.dtype else { throw .differentTypes(a.dtype, b.dtype) }
    return [try .sized(a.dtype, Broadcast.shape([a.shape, b.shape]))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let (a, b) = (inputs[0], inputs[1])
    return switch a.dtype {
    case .int8: [compute(a, b, shape, Int8.self)]
    case .int16: [compute(a, b, shape, Int16.self)]
    case .int32: [compute(a, b, shape, Int32.self)]
    case .int64: [compute(a, b, shape, Int64.self)]
    case .uint8: [compute(a, b, shape, UInt8.self)]
    case .uint16: [compute(a, b, shape, UInt16.self)]
    case .uint32: [compute(a, b, shape, UInt32.self)]
    case .uint64: [compute(a, b, shape, UInt64.self)]
    default: throw .unsupportedType(a.dtype)
    }
  }

  package func couple(_ c: inout Coupling) { Broadcast.couple(&c) }

  private func compute<T: FixedWidthInteger & TensorElement>(
    _ a: Tensor, _ b: Tensor, _ shape: [Int], _: T.Type
  ) -> Tensor {
    switch function {
    case .and: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x & y }
    case .or: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x | y }
    case .xor: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x ^ y }
    case .left: Broadcast.map(a, b, to: shape) { (x: T, y: T) in Self.isWithin(y) ? x << y : 0 }
    case .right:
      Broadcast.map(a, b, to: shape) { (x: T, y: T) in Self.isWithin(y) ? x >> y : x < 0 ? ~0 : 0 }
    }
  }

  /// Whether the type has as many bits to shift by.
  private static func isWithin<T: FixedWidthInteger>(_ amount: T) -> Bool {
    amount >= 0 && amount < T(truncatingIfNeeded: T.bitWidth)
  }
}
