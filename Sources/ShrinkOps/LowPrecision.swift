import ShrinkGraph

/// The element types of quantised tensors that have no type in Swift: 8- and 4-bit floats, 4- and 2-bit integers.
///
/// Sub-byte elements stand in a byte lowest bits first. Source: ONNX documentation, "Float stored in 8 bits" and
/// "4 bit types".
enum LowPrecision {
  /// A floating-point format of at most 8 bits.
  private struct Format {
    let exponentBits: Int
    let fractionBits: Int
    let bias: Int
    let largest: Float
    /// Codes without the sign bit; nil where there is none.
    let infinity: UInt8?
    let notANumber: UInt8?
    /// Whether the code of −0 stands for what is not a number, and for nothing else.
    var isUnsignedZero = false
  }

  private static func format(_ dtype: DType) -> Format? {
    switch dtype {
    case .float8e4m3fn:
      Format(exponentBits: 4, fractionBits: 3, bias: 7, largest: 448, infinity: nil, notANumber: 0x7f)
    case .float8e4m3fnuz:
      Format(
        exponentBits: 4, fractionBits: 3, bias: 8, largest: 240, infinity: nil, notANumber: nil, isUnsignedZero: true)
    case .float8e5m2:
      Format(exponentBits: 5, fractionBits: 2, bias: 15, largest: 57344, infinity: 0x7c, notANumber: 0x7f)
    case .float8e5m2fnuz:
      Format(
        exponentBits: 5, fractionBits: 2, bias: 16, largest: 57344, infinity: nil, notANumber: nil,
        isUnsignedZero: true)
    case .float4e2m1: Format(exponentBits: 2, fractionBits: 1, bias: 1, largest: 6, infinity: nil, notANumber: nil)
    default: nil
    }
  }

  /// Least and greatest integer of a sub-byte type.
  static func bounds(_ dtype: DType) -> ClosedRange<Float>? {
    switch dtype {
    case .int4: -8...7
    case .uint4: 0...15
    case .int2: -2...1
    case .uint2: 0...3
    default: nil
    }
  }

  /// Whether there is a conversion from and to it.
  static func isKnown(_ dtype: DType) -> Bool { format(dtype) != nil || bounds(dtype) != nil }

  /// The numbers of a tensor as float32; nil for other types.
  static func decoded(_ x: Tensor) -> Tensor? {
    guard isKnown(x.dtype) else { return nil }
    let bits = x.dtype.bits
    let numbers = (0..<1 << bits).map { number(UInt8($0), x.dtype) }
    return Tensor(shape: x.shape, Float.self) { result in
      x.withBytes { bytes in
        let (perByte, mask) = (8 / bits, UInt8((1 << bits) - 1))
        for i in 0..<result.count {
          result.initializeElement(at: i, to: numbers[Int(bytes[i / perByte] >> (i % perByte * bits) & mask)])
        }
      }
    }
  }

  /// The number that a code stands for.
  private static func number(_ code: UInt8, _ dtype: DType) -> Float {
    if let bounds = bounds(dtype) {
      return Float(code) > bounds.upperBound ? Float(code) - Float(1 << dtype.bits) : Float(code)
    }
    guard let format = format(dtype) else { return 0 }
    let signBit = UInt8(1) << (dtype.bits - 1)
    let (magnitude, sign) = (code & (signBit - 1), code & signBit)
    if format.isUnsignedZero, code == signBit { return .nan }
    if let infinity = format.infinity, magnitude >= infinity {
      return magnitude > infinity ? .nan : sign == 0 ? .infinity : -.infinity
    }
    if magnitude == format.notANumber { return .nan }
    let exponent = Int(magnitude >> format.fractionBits)
    let fraction = Float(magnitude & (1 << format.fractionBits - 1))
    let one = Float(1 << format.fractionBits)
    let value = (exponent == 0 ? fraction : one + fraction) * power(max(1, exponent) - format.bias) / one
    return sign == 0 ? value : -value
  }

  /// A tensor of the nearest numbers of the type, ties to even.
  ///
  /// Integers saturate; floats too where `saturates`, else they become infinite or no number. Throws for other types.
  static func encoded(_ x: Tensor, _ dtype: DType, saturates: Bool = true) throws(OperatorError) -> Tensor {
    guard isKnown(dtype), let size = dtype.byteCount(x.count) else { throw .noKernel(for: dtype) }
    let storage = TensorStorage(byteCount: size)
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    let target = storage.bytes.assumingMemoryBound(to: UInt8.self)
    let perByte = 8 / dtype.bits
    x.withElements(Float.self) { x in
      for i in 0..<x.count {
        target[i / perByte] |= code(x[i], dtype, saturates) << (i % perByte * dtype.bits)
      }
    }
    return Tensor(dtype: dtype, shape: x.shape, storage: storage)
  }

  private static func code(_ x: Float, _ dtype: DType, _ saturates: Bool) -> UInt8 {
    if let bounds = bounds(dtype) {
      let integer = x.isNaN ? 0 : max(bounds.lowerBound, min(bounds.upperBound, x.rounded(.toNearestOrEven)))
      return UInt8(truncatingIfNeeded: Int(integer)) & UInt8(1 << dtype.bits - 1)
    }
    guard let format = format(dtype) else { return 0 }
    let sign = x.sign == .minus ? UInt8(1) << (dtype.bits - 1) : 0
    let missing = format.isUnsignedZero ? UInt8(1) << (dtype.bits - 1) : (format.notANumber ?? 0) | sign
    guard !x.isNaN else { return missing }
    let magnitude = x.magnitude
    let (number, bits) = rounded(min(magnitude, 2 * format.largest), format)
    if number > format.largest || magnitude == .infinity {
      if saturates || (format.infinity == nil && format.notANumber == nil && !format.isUnsignedZero) {
        return sign | rounded(format.largest, format).code
      }
      return format.infinity.map { $0 | sign } ?? missing
    }
    return bits == 0 && format.isUnsignedZero ? 0 : sign | bits
  }

  /// The nearest number of a format to one that is not negative, and its code, without regard to the largest.
  private static func rounded(_ x: Float, _ format: Format) -> (number: Float, code: UInt8) {
    guard x > 0 else { return (0, 0) }
    let exponent = max(Int(x.exponent), 1 - format.bias)
    let unit = power(exponent - format.fractionBits)
    let steps = (x / unit).rounded(.toNearestOrEven)
    let code = (exponent + format.bias - 1) << format.fractionBits + Int(steps)
    return (steps * unit, UInt8(truncatingIfNeeded: code))
  }

  private static func power(_ exponent: Int) -> Float { Float(sign: .plus, exponent: exponent, significand: 1) }
}
