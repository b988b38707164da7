/// Float32 functions without branches or calls, which loops over contiguous elements turn into vector code.
///
/// Accurate to about two units in the last place. Source: Moshier, Cephes Mathematical Library, single precision,
/// exp and tanh.
enum VectorMath {
  /// eˣ for x between -87.3 and 88.3; 0 below, the value at 88.3 above.
  @inline(__always)
  static func exponential(_ x: Float) -> Float {
    let clamped = x < -87.3 ? -87.3 : x > 88.3 ? 88.3 : x
    // The sum has the nearest integer to x / log 2 in its low bits.
    let shifted = clamped * 1.442_695_04 + 12_582_912
    let power = shifted - 12_582_912
    let r = clamped - power * 0.693_359_375 - power * -2.121_944_4e-4
    var p: Float = 1.987_569_15e-4
    p = p * r + 1.398_199_950_7e-3
    p = p * r + 8.333_451_907_3e-3
    p = p * r + 4.166_579_589_4e-2
    p = p * r + 1.666_666_545_9e-1
    p = p * r + 5.000_000_120_1e-1
    let scale = Float(bitPattern: (shifted.bitPattern &- 0x4b40_0000 &+ 127) &<< 23)
    let value = (p * r * r + r + 1) * scale
    return x < -87.3 ? 0 : value
  }

  /// The hyperbolic tangent.
  @inline(__always)
  static func tangent(_ x: Float) -> Float {
    let magnitude = Swift.abs(x)
    let z = x * x
    var p: Float = -5.704_988_727_45e-3
    p = p * z + 2.063_908_879_54e-2
    p = p * z - 5.373_971_555_31e-2
    p = p * z + 1.333_144_220_36e-1
    p = p * z - 3.333_328_194_22e-1
    let small = p * z * x + x
    let large = 1 - 2 / (exponential(2 * magnitude) + 1)
    return magnitude < 0.625 ? small : x < 0 ? -large : large
  }

  /// 1 / (1 + e⁻ˣ).
  @inline(__always)
  static func sigmoid(_ x: Float) -> Float { 1 / (1 + exponential(-x)) }
}
