import ShrinkGraph

/// The p-norm of each window: (Σ |x|ᵖ)^(1/p).
///
/// Source: the ONNX specification of LpPool, versions 1 to 22.
package struct LpPool: Operator {
  package static let names = ["LpPool"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "slides a window over them" }
  private let window: SlidingWindow
  private let norm: PowerNorm

  package init(_ attributes: Attributes) throws(OperatorError) {
    window = try SlidingWindow(attributes)
    norm = try PowerNorm(attributes)
    guard window.kernel != nil else { throw .invalid("kernel_shape is missing") }
  }

  private func place(_ shape: [Int]) throws(OperatorError) -> PlacedWindow {
    guard shape.count > 2 else { throw .invalid("pools a tensor of shape \(shape), which has no spatial axes") }
    return try window.placed(on: Array(shape.dropFirst(2)))
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    return [try .sized(x.dtype, x.shape.prefix(2) + place(x.shape).output)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [try pooled(inputs[0], Float.self)]
    case .float64: [try pooled(inputs[0], Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func pooled<T: Real>(_ x: Tensor, _ type: T.Type) throws(OperatorError) -> Tensor {
    try WindowLoops.map(x, place(x.shape), T.self) { image, reads, _ in
      var sum: T = 0
      for read in reads where read >= 0 { sum += norm.power(image[read]) }
      return norm.root(sum)
    }
  }

  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    c.tie(.input(0, 1), .output(0, 1))
  }
}

/// The exponent of a norm over windows.
struct PowerNorm: Sendable {
  private let exponent: Double

  /// Reads `p`: a number in version 1, an integer since.
  init(_ attributes: Attributes) throws(OperatorError) {
    exponent =
      attributes.opset < 2
      ? Double(try attributes.float("p", default: 2)) : Double(try attributes.int("p", default: 2))
    guard exponent > 0 else { throw .invalid("p is \(exponent)") }
  }

  /// |x|ᵖ.
  @inline(__always)
  func power<T: Real>(_ x: T) -> T {
    exponent == 2 ? x * x : exponent == 1 ? x.magnitude : T.power(x.magnitude, T(exponent))
  }

  /// The p-th root.
  @inline(__always)
  func root<T: Real>(_ x: T) -> T {
    exponent == 2 ? x.squareRoot() : exponent == 1 ? x : T.power(x, T(1 / exponent))
  }
}
