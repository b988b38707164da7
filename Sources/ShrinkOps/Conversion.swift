import ShrinkGraph
import ShrinkMath

/// Conversion between numeric element types, as Cast does it: floats become integers towards zero, integers that do not
/// fit keep their low bits, everything but zero is true.
enum Conversion {
  /// Elements that are converted at a time, through a buffer that fits the innermost cache.
  private static let block = 1024

  /// The same numbers in another element type.
  ///
  /// Throws for types that are not numbers of at least a byte.
  static func convert(_ x: Tensor, to dtype: DType) throws(OperatorError) -> Tensor {
    guard isNumeric(x.dtype) else { throw .unsupportedType(x.dtype) }
    guard isNumeric(dtype) else { throw .unsupportedType(dtype) }
    if x.dtype == dtype { return x }
    let count = x.count
    let storage = TensorStorage(byteCount: try Tensor.count(Axes.checked(x.shape, dtype)) * dtype.bits / 8)
    let areIntegers = !x.dtype.isFloat && !dtype.isFloat
    x.withBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      Parallel.forEach((count + block - 1) / block, minimumChunk: Walk.grain / block) { blocks in
        withUnsafeTemporaryAllocation(byteCount: block * 8, alignment: 8) { scratch in
          guard let scratch = scratch.baseAddress else { return }
          for first in blocks.lazy.map({ $0 * block }) {
            let size = min(block, count - first)
            let from = source + first * (x.dtype.bits / 8)
            let to = storage.bytes + first * (dtype.bits / 8)
            if areIntegers {
              loadIntegers(x.dtype, from, scratch, size)
              storeIntegers(scratch, dtype, to, size)
            } else {
              loadFloats(x.dtype, from, scratch, size)
              storeFloats(scratch, dtype, to, size)
            }
          }
        }
      }
    }
    return Tensor(dtype: dtype, shape: x.shape, storage: storage)
  }

  /// The nearest integers of a float64 tensor, ties to even, at the bounds of the type where they lie beyond.
  static func saturated(_ x: Tensor, to dtype: DType) throws(OperatorError) -> Tensor {
    guard let bounds = bounds(dtype) else { throw .unsupportedType(dtype) }
    let rounded = Elementwise.map(x) { (v: Double) in
      max(bounds.lowerBound, min(bounds.upperBound, v.rounded(.toNearestOrEven)))
    }
    return try convert(rounded, to: dtype)
  }

  /// Least and greatest integer of a type; nil for types that are not integers of at least a byte.
  ///
  /// The greatest of 64 bits is the greatest float64 below it.
  private static func bounds(_ dtype: DType) -> ClosedRange<Double>? {
    switch dtype {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32768...32767
    case .uint16: 0...65535
    case .int32: -0x1p31...0x1p31 - 1
    case .uint32: 0...0x1p32 - 1
    case .int64: -0x1p63...(0x1p63).nextDown
    case .uint64: 0...(0x1p64).nextDown
    default: nil
    }
  }

  /// Runs a kernel on operands of a type that it does not know in a wider type that it does.
  ///
  /// Float32 for 16-bit floats, int64 for integers, which wraps to the same low bits. Throws when there is no wider
  /// type.
  static func widening(
    _ inputs: Operands<Tensor>, _ run: (Operands<Tensor>) throws(OperatorError) -> [Tensor]
  ) throws(OperatorError) -> [Tensor] {
    let narrow = inputs[0].dtype
    switch narrow {
    case .float16, .bfloat16: return try through(.float32, inputs, run)
    case .int8, .int16, .int32, .uint8, .uint16, .uint32, .bool: return try through(.int64, inputs, run)
    default: throw .unsupportedType(narrow)
    }
  }

  /// The same for 16-bit floats alone: a kernel for floats refuses integers.
  static func wideningFloats(
    _ inputs: Operands<Tensor>, _ run: (Operands<Tensor>) throws(OperatorError) -> [Tensor]
  ) throws(OperatorError) -> [Tensor] {
    guard inputs[0].dtype.isFloat else { throw .unsupportedType(inputs[0].dtype) }
    return try widening(inputs, run)
  }

  /// Runs a kernel in `wide` instead of the element type of operand 0, on every operand that has this type, and converts
  /// the results in `wide` back.
  static func through(
    _ wide: DType, _ inputs: Operands<Tensor>, _ run: (Operands<Tensor>) throws(OperatorError) -> [Tensor]
  ) throws(OperatorError) -> [Tensor] {
    let narrow = inputs[0].dtype
    var operands: [Tensor?] = []
    for item in inputs.items {
      if let item, item.dtype == narrow { operands.append(try convert(item, to: wide)) } else { operands.append(item) }
    }
    var results: [Tensor] = []
    for result in try run(Operands(operands)) {
      results.append(result.dtype == wide ? try convert(result, to: narrow) : result)
    }
    return results
  }

  /// Whether there is a conversion from and to it.
  static func isNumeric(_ dtype: DType) -> Bool {
    switch dtype {
    case .float32, .float64, .float16, .bfloat16, .bool: true
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    default: false
    }
  }

  /// Applies a function to `count` elements behind one pointer and puts the results behind the other.
  @inline(__always)
  private static func fill<S, D>(
    _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int, _ function: (S) -> D
  ) {
    let source = from.assumingMemoryBound(to: S.self)
    let target = to.bindMemory(to: D.self, capacity: count)
    for i in 0..<count { target[i] = function(source[i]) }
  }

  private static func loadFloats(
    _ dtype: DType, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int
  ) {
    switch dtype {
    case .float32: fill(from, to, count) { (v: Float) in Double(v) }
    case .float64: fill(from, to, count) { (v: Double) in v }
    case .float16: fill(from, to, count) { (v: UInt16) in Double(Half.decode(v)) }
    case .bfloat16: fill(from, to, count) { (v: UInt16) in Double(Half.decodeBrain(v)) }
    case .int8: fill(from, to, count) { (v: Int8) in Double(v) }
    case .int16: fill(from, to, count) { (v: Int16) in Double(v) }
    case .int32: fill(from, to, count) { (v: Int32) in Double(v) }
    case .int64: fill(from, to, count) { (v: Int64) in Double(v) }
    case .uint8: fill(from, to, count) { (v: UInt8) in Double(v) }
    case .uint16: fill(from, to, count) { (v: UInt16) in Double(v) }
    case .uint32: fill(from, to, count) { (v: UInt32) in Double(v) }
    case .uint64: fill(from, to, count) { (v: UInt64) in Double(v) }
    case .bool: fill(from, to, count) { (v: UInt8) in v == 0 ? 0.0 : 1.0 }
    default: preconditionFailure("\(dtype) is not numeric")
    }
  }

  private static func loadIntegers(
    _ dtype: DType, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ count: Int
  ) {
    switch dtype {
    case .int8: fill(from, to, count) { (v: Int8) in Int64(v) }
    case .int16: fill(from, to, count) { (v: Int16) in Int64(v) }
    case .int32: fill(from, to, count) { (v: Int32) in Int64(v) }
    case .int64: fill(from, to, count) { (v: Int64) in v }
    case .uint8: fill(from, to, count) { (v: UInt8) in Int64(v) }
    case .uint16: fill(from, to, count) { (v: UInt16) in Int64(v) }
    case .uint32: fill(from, to, count) { (v: UInt32) in Int64(v) }
    case .uint64: fill(from, to, count) { (v: UInt64) in Int64(bitPattern: v) }
    case .bool: fill(from, to, count) { (v: UInt8) in v == 0 ? Int64(0) : 1 }
    default: preconditionFailure("\(dtype) is not an integer")
    }
  }

  private static func storeFloats(
    _ from: UnsafeRawPointer, _ dtype: DType, _ to: UnsafeMutableRawPointer, _ count: Int
  ) {
    switch dtype {
    case .float32: fill(from, to, count) { (v: Double) in Float(v) }
    case .float64: fill(from, to, count) { (v: Double) in v }
    case .float16: fill(from, to, count) { (v: Double) in Half.encode(v) }
    case .bfloat16: fill(from, to, count) { (v: Double) in Half.encodeBrain(v) }
    case .int8: fill(from, to, count) { (v: Double) in Int8(truncatingIfNeeded: integer(v)) }
    case .int16: fill(from, to, count) { (v: Double) in Int16(truncatingIfNeeded: integer(v)) }
    case .int32: fill(from, to, count) { (v: Double) in Int32(truncatingIfNeeded: integer(v)) }
    case .int64: fill(from, to, count) { (v: Double) in integer(v) }
    case .uint8: fill(from, to, count) { (v: Double) in UInt8(truncatingIfNeeded: integer(v)) }
    case .uint16: fill(from, to, count) { (v: Double) in UInt16(truncatingIfNeeded: integer(v)) }
    case .uint32: fill(from, to, count) { (v: Double) in UInt32(truncatingIfNeeded: integer(v)) }
    case .uint64:
      fill(from, to, count) { (v: Double) in UInt64(exactly: v.rounded(.towardZero)) ?? UInt64(bitPattern: integer(v)) }
    case .bool: fill(from, to, count) { (v: Double) in v == 0 ? UInt8(0) : 1 }
    default: preconditionFailure("\(dtype) is not numeric")
    }
  }

  private static func storeIntegers(
    _ from: UnsafeRawPointer, _ dtype: DType, _ to: UnsafeMutableRawPointer, _ count: Int
  ) {
    switch dtype {
    case .int8, .uint8: fill(from, to, count) { (v: Int64) in UInt8(truncatingIfNeeded: v) }
    case .int16, .uint16: fill(from, to, count) { (v: Int64) in UInt16(truncatingIfNeeded: v) }
    case .int32, .uint32: fill(from, to, count) { (v: Int64) in UInt32(truncatingIfNeeded: v) }
    case .int64, .uint64: fill(from, to, count) { (v: Int64) in v }
    case .bool: fill(from, to, count) { (v: Int64) in v == 0 ? UInt8(0) : 1 }
    default: preconditionFailure("\(dtype) is not an integer")
    }
  }

  /// The integer towards zero; the nearest one there is for numbers beyond, 0 for what is not a number.
  @inline(__always)
  private static func integer(_ v: Double) -> Int64 {
    guard v > -0x1p63 else { return v.isNaN ? 0 : .min }
    return v < 0x1p63 ? Int64(v) : .max
  }
}

extension Tensor {
  /// The elements as float64; nil for types that are not numbers.
  package var numbers: [Double]? {
    (try? Conversion.convert(LowPrecision.decoded(self) ?? self, to: .float64))?.elements(Double.self)
  }
}
