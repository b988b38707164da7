import ShrinkGraph

/// Takes the mean over some axes away and divides by the standard deviation: (x - mean) / (√variance + 1e-9).
package struct MeanVarianceNormalization: Operator {
  package static let names = ["MeanVarianceNormalization"]
  package static let opsets = 9...28
  package static let inputs = 1...1
  package var useOfAll: String { "normalises over all of them" }

  /// What keeps the divisor from being 0, as the specification has it.
  private static let epsilon = 1e-9
  private let axes: [Int]

  package init(_ attributes: Attributes) throws(OperatorError) { axes = try attributes.ints("axes") ?? [0, 2, 3] }

  private func reduced(_ shape: [Int]) throws(OperatorError) -> Set<Int> {
    Set(try Axes.positions(axes, rank: shape.count))
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    _ = try reduced(inputs[0].shape)
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
    let reduced = try reduced(x.shape)
    guard x.count > 0 else { return x }
    let (reduction, shape) = (
      Reduction(x.shape, reduced), Reduction.shape(x.shape, reduced, keepsAxes: true)
    )
    let count = Double(reduction.length)
    let means: Tensor = reduction.fold(x, shape, 0.0, { (s, v: T) in s + Double(v) }, { T($0 / count) })
    let centred = Broadcast.map(x, means, to: x.shape) { (v: T, mean: T) in v - mean }
    let factors: Tensor = reduction.fold(
      centred, shape, 0.0, { (s, v: T) in s + Double(v) * Double(v) },
      { T(1 / (($0 / count).squareRoot() + Self.epsilon)) })
    return Broadcast.map(centred, factors, to: x.shape) { (v: T, factor: T) in v * factor }
  }

  package func couple(_ c: inout Coupling) {
    guard let reduced = try? reduced(c.inputs[0].shape) else { return }
    c.tieAll(input: 0, output: 0, except: reduced)
  }
}
