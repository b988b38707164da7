/// Float32 functions in vectors of eight, without branches or calls.
///
/// Accurate to about two units in the last place. Source: Moshier, Cephes Mathematical Library, single precision,
/// exp and tanh.
enum VectorMath {
  typealias Vector = SIMD8<Float>

  /// Replaces each of `count` contiguous elements by a function of it.
  @inline(__always)
  static func map(_ x: UnsafeMutablePointer<Float>, _ count: Int, _ function: (Vector) -> Vector) {
    let lanes = Vector.scalarCount
    let whole = count / lanes * lanes
    let raw = UnsafeMutableRawPointer(x)
    for i in stride(from: 0, to: whole * 4, by: lanes * 4) {
      raw.storeBytes(
        of: function(raw.loadUnaligned(fromByteOffset: i, as: Vector.self)), toByteOffset: i, as: Vector.self)
    }
    guard whole < count else { return }
    var rest = Vector(repeating: 0)
    for i in whole..<count { rest[i - whole] = x[i] }
    rest = function(rest)
    for i in whole..<count { x[i] = rest[i - whole] }
  }

  /// eˣ for x between -87.3 and 88.3; 0 below, the value at 88.3 above.
  @inline(__always)
  static func exponential(_ x: Vector) -> Vector {
    let isTiny = x .< -87.3
    let clamped = x.replacing(with: -87.3, where: isTiny).replacing(with: 88.3, where: x .> 88.3)
    // The sum has the nearest integer to x / log 2 in its low bits.
    let shifted = clamped * 1.442_695_04 + 12_582_912
    let power = shifted - 12_582_912
    let r = clamped - power * 0.693_359_375 - power * -2.121_944_4e-4
    var p = r * 1.987_569_15e-4 + 1.398_199_950_7e-3
    p = p * r + 8.333_451_907_3e-3
    p = p * r + 4.166_579_589_4e-2
    p = p * r + 1.666_666_545_9e-1
    p = p * r + 5.000_000_120_1e-1
    let exponent = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &- (0x4b40_0000 - 127)
    let scale = unsafeBitCast(exponent &<< 23, to: Vector.self)
    return ((p * r * r + r + 1) * scale).replacing(with: 0, where: isTiny)
  }

  /// The hyperbolic tangent.
  @inline(__always)
  static func tangent(_ x: Vector) -> Vector {
    let magnitude = x.replacing(with: -x, where: x .< 0)
    let z = x * x
    var p = z * -5.704_988_727_45e-3 + 2.063_908_879_54e-2
    p = p * z - 5.373_971_555_31e-2
    p = p * z + 1.333_144_220_36e-1
    p = p * z - 3.333_328_194_22e-1
    let large = 1 - 2 / (exponential(2 * magnitude) + 1)
    return (p * z * x + x).replacing(with: large.replacing(with: -large, where: x .< 0), where: magnitude .>= 0.625)
  }

  /// 1 / (1 + e⁻ˣ).
  @inline(__always)
  static func sigmoid(_ x: Vector) -> Vector { 1 / (1 + exponential(-x)) }
}
