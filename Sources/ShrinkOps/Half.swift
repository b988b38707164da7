/// The 16-bit floating-point formats, as bits: IEEE 754 binary16 (5 exponent and 10 fraction bits) and bfloat16 (8 and 7).
enum Half {
  /// The number that binary16 bits stand for.
  static func decode(_ bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7fff) << 13
    let sign = UInt32(bits & 0x8000) << 16
    if magnitude >= 0x0f80_0000 { return Float(bitPattern: sign | 0x7f80_0000 | magnitude) }
    // The product moves the exponent to its new bias and normalises what was not normal.
    return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
  }

  /// The number that bfloat16 bits stand for.
  static func decodeBrain(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// The nearest binary16, ties to even; infinity beyond the largest.
  static func encode(_ number: Double) -> UInt16 { encode(number, exponentBits: 5, fractionBits: 10) }

  /// The nearest bfloat16, ties to even; infinity beyond the largest.
  static func encodeBrain(_ number: Double) -> UInt16 { encode(number, exponentBits: 8, fractionBits: 7) }

  @inline(__always)
  private static func encode(_ number: Double, exponentBits: Int, fractionBits: Int) -> UInt16 {
    let sign: UInt16 = number.sign == .minus ? 0x8000 : 0
    let infinity = ((1 << exponentBits) - 1) << fractionBits
    let magnitude = number.magnitude
    guard magnitude < .infinity else {
      return sign | UInt16(magnitude.isNaN ? infinity | 1 << (fractionBits - 1) : infinity)
    }
    guard magnitude > 0 else { return sign }
    let smallest = 2 - (1 << (exponentBits - 1))
    let exponent = max(Int(magnitude.exponent), smallest)
    let scaled = Double(sign: .plus, exponent: fractionBits - exponent, significand: magnitude)
    guard exponent < 2 - smallest else { return sign | UInt16(infinity) }
    let code = (exponent - smallest) << fractionBits + Int(scaled.rounded(.toNearestOrEven))
    return sign | UInt16(min(code, infinity))
  }
}
