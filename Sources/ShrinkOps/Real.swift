import Foundation
import ShrinkGraph

/// The floating-point types that kernels compute in, with the functions of the C library for each.
protocol Real: BinaryFloatingPoint, TensorElement {
  static func exponential(_ x: Self) -> Self
  /// eˣ − 1, accurate near 0.
  static func exponentialMinusOne(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  /// log(1 + x), accurate near 0.
  static func logarithmOnePlus(_ x: Self) -> Self
  static func errorFunction(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  /// x − y · trunc(x / y).
  static func remainder(_ x: Self, _ y: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func tangent(_ x: Self) -> Self
  static func arcsine(_ x: Self) -> Self
  static func arccosine(_ x: Self) -> Self
  static func arctangent(_ x: Self) -> Self
  static func hyperbolicSine(_ x: Self) -> Self
  static func hyperbolicCosine(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  static func areaSine(_ x: Self) -> Self
  static func areaCosine(_ x: Self) -> Self
  static func areaTangent(_ x: Self) -> Self
}

extension Float: Real {
  static func exponential(_ x: Float) -> Float { expf(x) }
  static func exponentialMinusOne(_ x: Float) -> Float { expm1f(x) }
  static func logarithm(_ x: Float) -> Float { logf(x) }
  static func logarithmOnePlus(_ x: Float) -> Float { log1pf(x) }
  static func errorFunction(_ x: Float) -> Float { erff(x) }
  static func sine(_ x: Float) -> Float { sinf(x) }
  static func cosine(_ x: Float) -> Float { cosf(x) }
  static func tangent(_ x: Float) -> Float { tanf(x) }
  static func arcsine(_ x: Float) -> Float { asinf(x) }
  static func arccosine(_ x: Float) -> Float { acosf(x) }
  static func arctangent(_ x: Float) -> Float { atanf(x) }
  static func hyperbolicSine(_ x: Float) -> Float { sinhf(x) }
  static func hyperbolicCosine(_ x: Float) -> Float { coshf(x) }
  static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
  static func areaSine(_ x: Float) -> Float { asinhf(x) }
  static func areaCosine(_ x: Float) -> Float { acoshf(x) }
  static func areaTangent(_ x: Float) -> Float { atanhf(x) }
  static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  static func remainder(_ x: Float, _ y: Float) -> Float { fmodf(x, y) }
}

extension Double: Real {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  static func logarithm(_ x: Double) -> Double { log(x) }
  static func logarithmOnePlus(_ x: Double) -> Double { log1p(x) }
  static func errorFunction(_ x: Double) -> Double { erf(x) }
  static func sine(_ x: Double) -> Double { sin(x) }
  static func cosine(_ x: Double) -> Double { cos(x) }
  static func tangent(_ x: Double) -> Double { tan(x) }
  static func arcsine(_ x: Double) -> Double { asin(x) }
  static func arccosine(_ x: Double) -> Double { acos(x) }
  static func arctangent(_ x: Double) -> Double { atan(x) }
  static func hyperbolicSine(_ x: Double) -> Double { sinh(x) }
  static func hyperbolicCosine(_ x: Double) -> Double { cosh(x) }
  static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  static func areaSine(_ x: Double) -> Double { asinh(x) }
  static func areaCosine(_ x: Double) -> Double { acosh(x) }
  static func areaTangent(_ x: Double) -> Double { atanh(x) }
  static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  static func remainder(_ x: Double, _ y: Double) -> Double { fmod(x, y) }
}
