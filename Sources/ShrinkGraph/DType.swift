/// Element types of ONNX tensors, with the numbers of `TensorProto.DataType` in the ONNX specification.
package enum DType: Int32, Sendable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case complex64 = 14
  case complex128 = 15
  case bfloat16 = 16
  case float8e4m3fn = 17
  case float8e4m3fnuz = 18
  case float8e5m2 = 19
  case float8e5m2fnuz = 20
  case uint4 = 21
  case int4 = 22
  case float4e2m1 = 23
  case float8e8m0 = 24
  case uint2 = 25
  case int2 = 26
  case float6e2m3 = 27
  case float6e3m2 = 28

  /// Bits that one element takes in memory; 0 for strings, whose elements have no fixed size.
  package var bits: Int {
    switch self {
    case .string: 0
    case .uint2, .int2: 2
    case .uint4, .int4, .float4e2m1: 4
    case .float6e2m3, .float6e3m2: 6
    case .uint8, .int8, .bool, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float8e8m0: 8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .float32, .int32, .uint32: 32
    case .float64, .int64, .uint64, .complex64: 64
    case .complex128: 128
    }
  }

  /// Bytes that `count` elements take, sub-byte types packed; nil when the product overflows.
  package func byteCount(_ count: Int) -> Int? {
    let (total, overflow) = count.multipliedReportingOverflow(by: bits)
    guard !overflow, total <= Int.max - 7 else { return nil }
    return (total + 7) / 8
  }

  /// Whether arithmetic on it is floating-point arithmetic.
  package var isFloat: Bool {
    switch self {
    case .float32, .float64, .float16, .bfloat16, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      .float4e2m1, .float6e2m3, .float6e3m2, .float8e8m0:
      true
    default: false
    }
  }
}

/// A Swift type whose values are stored in tensors as they are.
package protocol TensorElement: Sendable {
  /// The ONNX element type with the same layout.
  static var dtype: DType { get }
}

extension Float: TensorElement { package static var dtype: DType { .float32 } }
extension Double: TensorElement { package static var dtype: DType { .float64 } }
extension Int8: TensorElement { package static var dtype: DType { .int8 } }
extension Int16: TensorElement { package static var dtype: DType { .int16 } }
extension Int32: TensorElement { package static var dtype: DType { .int32 } }
extension Int64: TensorElement { package static var dtype: DType { .int64 } }
extension UInt8: TensorElement { package static var dtype: DType { .uint8 } }
extension UInt16: TensorElement { package static var dtype: DType { .uint16 } }
extension UInt32: TensorElement { package static var dtype: DType { .uint32 } }
extension UInt64: TensorElement { package static var dtype: DType { .uint64 } }
extension Bool: TensorElement { package static var dtype: DType { .bool } }
