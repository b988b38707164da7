import ShrinkGraph

extension Real {
  /// x Φ(x), with Φ the distribution function of the normal distribution.
  ///
  /// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
  @inline(__always)
  static func gelu(_ x: Self) -> Self { 0.5 * x * (1 + errorFunction(x * Self(0.5).squareRoot())) }

  /// The same with Φ by a hyperbolic tangent.
  @inline(__always)
  static func tanhGelu(_ x: Self) -> Self {
    0.5 * x * (1 + hyperbolicTangent((2 / Self.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  /// x / (1 + e^(-alpha · x)).
  @inline(__always)
  static func swish(_ x: Self, _ alpha: Self) -> Self { x / (1 + exponential(-alpha * x)) }
}
