import ShrinkGraph
import ShrinkMath

/// Divides by the root of the mean square over the axes from `axis` on, then scales.
///
/// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
package struct RMSNormalization: Operator {
  package static let names = ["RMSNormalization"]
  package static let opsets = 23...28
  package static let inputs = 2...2

  private let axis: Int
  private let epsilon: Float

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: -1)
    epsilon = try attributes.float("epsilon", default: 1e-5)
    guard try attributes.int("stash_type", default: 1) == 1 else { throw .unsupported("stash_type is not float32") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, scale) = (inputs[0].shape, inputs[1].shape)
    _ = try Axes.position(axis, rank: x.count)
    guard try Broadcast.shape([x, scale]) == x else { throw .invalid("scales \(x) by \(scale)") }
    return [TensorType(inputs[1].dtype, x)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    guard inputs.present.allSatisfy({ $0.dtype.isFloat }) else { throw .noKernel(for: inputs[0].dtype) }
    let wide = inputs[0].dtype == .float64 ? DType.float64 : .float32
    let (x, scale) = (try Conversion.convert(inputs[0], to: wide), try Conversion.convert(inputs[1], to: wide))
    let y = wide == .float64 ? try run(x, scale, Double.self) : try run(x, scale, Float.self)
    return [try Conversion.convert(y, to: type.dtype)]
  }

  private func run<T: FloatElement>(_ x: Tensor, _ scale: Tensor, _ type: T.Type) throws(OperatorError) -> Tensor {
    let first = try Axes.position(axis, rank: x.rank)
    guard x.count > 0 else { return x }
    let (rows, length) = (x.shape[..<first].product, x.shape[first...].product)
    let normalized = try x.mapped(T.self) { x, y in
      Parallel.forEach(rows, minimumChunk: max(1, parallelGrain / max(1, length))) { range in
        for row in range {
          let (from, to) = (x + row * length, y + row * length)
          let factor = 1 / (Reductions.squares(from, length, around: 0) / T(length) + T(epsilon)).squareRoot()
          for i in 0..<length { to[i] = from[i] * factor }
        }
      }
    }
    return Broadcast.map(normalized, scale, to: x.shape) { (v: T, s: T) in v * s }
  }

  package func couple(_ c: inout Coupling) {
    let (x, scale) = (c.inputs[0].shape, c.inputs[1].shape)
    guard let first = try? Axes.position(axis, rank: x.count) else { return }
    for axis in 0..<first where axis < x.count - scale.count { c.tie(.input(0, axis), .output(0, axis)) }
  }
}
