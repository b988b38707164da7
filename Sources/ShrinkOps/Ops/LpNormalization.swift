import ShrinkGraph

/// Divides by the sum of magnitudes (p = 1) or the root of the sum of squares (p = 2) along an axis; zeros stay zeros.
package struct LpNormalization: Operator {
  package static let names = ["LpNormalization"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "normalises over all of them" }

  private let axis: Int
  private let isSquare: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: -1)
    let p = try attributes.int("p", default: 2)
    guard p == 1 || p == 2 else { throw .invalid("p is \(p)") }
    isSquare = p == 2
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    _ = try Axes.position(axis, rank: inputs[0].shape.count)
    return [TensorType(inputs[0].dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [try run(inputs[0], Float.self)]
    case .float64: [try run(inputs[0], Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func run<T: FloatElement>(_ x: Tensor, _ type: T.Type) throws(OperatorError) -> Tensor {
    let reduced: Set<Int> = [try Axes.position(axis, rank: x.rank)]
    guard x.count > 0 else { return x }
    let norms: Tensor = Reduction(x.shape, reduced).fold(
      x, Reduction.shape(x.shape, reduced, keepsAxes: true), 0.0,
      { (s, v: T) in s + (isSquare ? Double(v) * Double(v) : abs(Double(v))) },
      { T(isSquare ? $0.squareRoot() : $0) })
    return Broadcast.map(x, norms, to: x.shape) { (v: T, norm: T) in norm == 0 ? 0 : v / norm }
  }

  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    c.tieAll(input: 0, output: 0, except: [axis])
  }
}
