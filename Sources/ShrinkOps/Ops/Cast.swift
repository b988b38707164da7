import ShrinkGraph

/// Converts elements to another type; CastLike takes the type from its second operand.
package struct Cast: Operator {
  package static let names = ["Cast", "CastLike"]
  package static let opsets = 1...28
  package static let inputs = 1...2
  /// The type of the result; nil when the second operand has it.
  private let target: DType?
  /// Whether floats of 8 bits and fewer stop at their largest number.
  private let saturates: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    saturates = try attributes.int("saturate", default: 1) != 0
    if attributes.opType == "CastLike" {
      target = nil
    } else {
      let isNamed = attributes.opset < 6
      guard let target = isNamed ? try Self.named(attributes) : try attributes.dtype("to") else {
        throw .invalid("attribute 'to' is missing or names no element type")
      }
      self.target = target
    }
  }

  /// The type before opset 6, where it is written by its name in ONNX.
  private static func named(_ attributes: Attributes) throws(OperatorError) -> DType? {
    let names: [String: DType] = [
      "FLOAT": .float32, "FLOAT16": .float16, "DOUBLE": .float64, "INT8": .int8, "INT16": .int16, "INT32": .int32,
      "INT64": .int64, "UINT8": .uint8, "UINT16": .uint16, "UINT32": .uint32, "UINT64": .uint64, "BOOL": .bool,
    ]
    return try attributes.string("to").flatMap { names[$0.uppercased()] }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let dtype = target ?? inputs.optional(1)?.dtype else { throw .invalid("operand 1 is missing") }
    return [TensorType(dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, dtype) = (inputs[0], try infer(inputs.types)[0].dtype)
    if x.dtype == dtype { return [x] }
    let wide = LowPrecision.decoded(x) ?? x
    guard LowPrecision.isKnown(dtype) else { return [try Conversion.convert(wide, to: dtype)] }
    guard LowPrecision.bounds(dtype) != nil else {
      return [try LowPrecision.encoded(Conversion.convert(wide, to: .float32), dtype, saturates: saturates)]
    }
    return [try Self.narrowed(Conversion.convert(wide, to: .int64), dtype)]
  }

  /// Integers of less than a byte: the low bits, as for wider ones.
  private static func narrowed(_ x: Tensor, _ dtype: DType) throws(OperatorError) -> Tensor {
    let isSigned = dtype == .int4 || dtype == .int2
    let shift = Int64(64 - dtype.bits)
    let kept: Tensor = Elementwise.map(x) { (number: Int64) -> Float in
      isSigned ? Float((number << shift) >> shift) : Float(number & ((1 << Int64(dtype.bits)) - 1))
    }
    return try LowPrecision.encoded(kept, dtype)
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}

extension Cast: StorageOperator {
  /// Rounds to the floating-point type that is stored; nil for other types, and where a number is beyond its range.
  package func operands(
    for result: Tensor, like operands: Operands<Tensor>
  ) throws(OperatorError) -> Operands<Tensor>? {
    let stored = operands[0].dtype
    guard [.float16, .bfloat16, .float32, .float64].contains(stored), result.dtype == .float32 else { return nil }
    let rounded = try Conversion.convert(result, to: stored)
    let numbers: Tensor = try Conversion.convert(rounded, to: .float32)
    guard numbers.withElements(Float.self, { $0.allSatisfy(\.isFinite) }) else { return nil }
    return Operands([rounded] + operands.items.dropFirst())
  }
}
