import Foundation
import ShrinkGraph

extension Arithmetic: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, placed) = (try p.cotangent, try placement.placed(p.inputs))
    let (a, b) = (placed[0], placed[1])
    var parts: [Tensor?] = [nil, nil]
    if p.wanted[0] { parts[0] = try p.reduced(try first(p, g, a, b), to: a.shape) }
    if p.wanted[1] { parts[1] = try p.reduced(try second(p, g, a, b), to: b.shape).reshaped(p.inputs[1].shape) }
    return Gradients(parts)
  }

  private func first(_ p: Pullback, _ g: Tensor, _ a: Tensor, _ b: Tensor) throws(OperatorError) -> Tensor {
    switch function {
    case .add, .sub: return g
    case .mul: return try p.apply("Mul", [g, b])
    case .div: return try p.apply("Div", [g, b])
    case .pow:
      guard b.dtype == .float32 else { throw .noDerivative }
      let slope = Broadcast.map(a, b, to: g.shape) { (x: Float, n: Float) in n == 0 ? 0 : n * pow(x, n - 1) }
      return try p.apply("Mul", [g, slope])
    case .mod: throw .noDerivative
    }
  }

  private func second(_ p: Pullback, _ g: Tensor, _ a: Tensor, _ b: Tensor) throws(OperatorError) -> Tensor {
    switch function {
    case .add: return g
    case .sub: return try p.apply("Neg", [g])
    case .mul: return try p.apply("Mul", [g, a])
    case .div:
      let slope = Broadcast.map(a, b, to: g.shape) { (x: Float, y: Float) in -x / (y * y) }
      return try p.apply("Mul", [g, slope])
    case .pow, .mod: throw .noDerivative
    }
  }
}
