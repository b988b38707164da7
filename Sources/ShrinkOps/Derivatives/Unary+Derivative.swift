import Foundation
import ShrinkGraph

extension Unary: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, x, y) = (try p.cotangent, p.inputs[0], p.outputs[0])
    switch function {
    case .abs: return p.scaled(g, by: x) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    case .acos: return p.scaled(g, by: x) { -1 / (1 - $0 * $0).squareRoot() }
    case .acosh: return p.scaled(g, by: x) { 1 / ($0 * $0 - 1).squareRoot() }
    case .asin: return p.scaled(g, by: x) { 1 / (1 - $0 * $0).squareRoot() }
    case .asinh: return p.scaled(g, by: x) { 1 / (1 + $0 * $0).squareRoot() }
    case .atan: return p.scaled(g, by: x) { 1 / (1 + $0 * $0) }
    case .atanh: return p.scaled(g, by: x) { 1 / (1 - $0 * $0) }
    // Steps: flat wherever there is a derivative.
    case .ceil, .floor, .round, .sign: return Gradients([nil])
    case .cos: return p.scaled(g, by: x) { -sin($0) }
    case .cosh: return p.scaled(g, by: x) { sinh($0) }
    case .erf: return p.scaled(g, by: x) { 2 / Float.pi.squareRoot() * exp(-$0 * $0) }
    case .exp: return p.scaled(g, by: y) { $0 }
    case .log: return p.scaled(g, by: x) { 1 / $0 }
    case .neg: return p.scaled(g, by: x) { _ in -1 }
    case .reciprocal: return p.scaled(g, by: y) { -$0 * $0 }
    case .sin: return p.scaled(g, by: x) { cos($0) }
    case .sinh: return p.scaled(g, by: x) { cosh($0) }
    case .sqrt: return p.scaled(g, by: y) { 0.5 / $0 }
    case .tan: return p.scaled(g, by: y) { 1 + $0 * $0 }
    case .tanh: return p.scaled(g, by: y) { 1 - $0 * $0 }
    }
  }
}
