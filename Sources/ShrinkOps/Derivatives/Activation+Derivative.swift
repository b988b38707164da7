import Foundation
import ShrinkGraph

extension Activation: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, x) = (try p.cotangent, p.inputs[0])
    let (a, b) = (alpha, beta)
    return switch function {
    case .celu: p.scaled(g, by: x) { $0 > 0 ? 1 : exp($0 / a) }
    case .elu: p.scaled(g, by: x) { $0 > 0 ? 1 : a * exp($0) }
    case .gelu: p.scaled(g, by: x) { Self.geluSlope($0, isTanh: isTanhGelu) }
    case .hardSigmoid: p.scaled(g, by: x) { (0..<1).contains(a * $0 + b) ? a : 0 }
    case .hardSwish: p.scaled(g, by: x) { $0 <= -3 ? 0 : $0 >= 3 ? 1 : $0 / 3 + 0.5 }
    case .leakyRelu: p.scaled(g, by: x) { $0 < 0 ? a : 1 }
    case .mish: p.scaled(g, by: x, Self.mishSlope)
    case .relu: p.scaled(g, by: x) { $0 > 0 ? 1 : 0 }
    case .selu: p.scaled(g, by: x) { $0 > 0 ? b : a * b * exp($0) }
    case .shrink: p.scaled(g, by: x) { abs($0) > a ? 1 : 0 }
    case .sigmoid: p.scaled(g, by: p.outputs[0]) { $0 * (1 - $0) }
    case .softplus: p.scaled(g, by: x) { 1 / (1 + exp(-$0)) }
    case .softsign: p.scaled(g, by: x) { 1 / ((1 + abs($0)) * (1 + abs($0))) }
    case .swish: p.scaled(g, by: x) { Self.swishSlope($0, a) }
    case .thresholdedRelu: p.scaled(g, by: x) { $0 > a ? 1 : 0 }
    }
  }

  private static func swishSlope(_ x: Float, _ a: Float) -> Float {
    let s = 1 / (1 + exp(-a * x))
    return s + a * x * s * (1 - s)
  }

  private static func mishSlope(_ x: Float) -> Float {
    let t = tanh(max(x, 0) + log1p(exp(-abs(x))))
    return t + x * (1 - t * t) / (1 + exp(-x))
  }

  private static func geluSlope(_ x: Float, isTanh: Bool) -> Float {
    guard isTanh else {
      return 0.5 * (1 + erf(x * Float(0.5).squareRoot())) + x * exp(-0.5 * x * x) / (2 * Float.pi).squareRoot()
    }
    let k = (2 / Float.pi).squareRoot()
    let t = tanh(k * (x + 0.044715 * x * x * x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x)
  }
}
