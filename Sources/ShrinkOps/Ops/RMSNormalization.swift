import ShrinkGraph
import ShrinkMath

/// Divides by the root of the mean square over the axes from `axis` on, then scales.
///
/// ONNX Runtime has the same operator under another name, with the inverse root as second result, and keeps it in the
/// domain of ONNX. Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
package struct RMSNormalization: Operator {
  package static let names = ["RMSNormalization", "SimplifiedLayerNormalization"]
  package static let opsets = 1...28
  package static let inputs = 2...2
  package var useOfAll: String { "normalises over all of them" }

  let axis: Int
  let epsilon: Float
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: -1)
    epsilon = try attributes.float("epsilon", default: 1e-5)
    outputs = max(1, attributes.outputs)
    let most = attributes.opType == "RMSNormalization" ? 1 : 2
    guard outputs <= most else { throw .invalid("names \(outputs) results where at most \(most) belong") }
    guard try attributes.int("stash_type", default: 1) == 1 else { throw .unsupported("stash_type is not float32") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, scale) = (inputs[0].shape, inputs[1].shape)
    let first = try Axes.position(axis, rank: x.count)
    guard try Broadcast.shape([x, scale]) == x else { throw .invalid("scales \(x) by \(scale)") }
    let reduced = x[..<first] + [Int](repeating: 1, count: x.count - first)
    let results = [TensorType(inputs[1].dtype, x), TensorType(.float32, Array(reduced))]
    return Array(results.prefix(outputs))
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let types = try infer(inputs.types)
    guard inputs.present.allSatisfy({ $0.dtype.isFloat }) else { throw .noKernel(for: inputs[0].dtype) }
    let wide = inputs[0].dtype == .float64 ? DType.float64 : .float32
    let (x, scale) = (try Conversion.convert(inputs[0], to: wide), try Conversion.convert(inputs[1], to: wide))
    let found = wide == .float64 ? try run(x, scale, Double.self) : try run(x, scale, Float.self)
    guard outputs == 2 else { return [try Conversion.convert(found.y, to: types[0].dtype)] }
    return [
      try Conversion.convert(found.y, to: types[0].dtype),
      Tensor(shape: types[1].shape, found.inverses),
    ]
  }

  private func run<T: FloatElement>(
    _ x: Tensor, _ scale: Tensor, _ type: T.Type
  ) throws(OperatorError) -> (y: Tensor, inverses: [Float]) {
    let first = try Axes.position(axis, rank: x.rank)
    let (rows, length) = (x.shape[..<first].product, x.shape[first...].product)
    var inverses = [T](repeating: 0, count: rows)
    guard x.count > 0 else { return (x, inverses.map { Float($0) }) }
    let normalized = try x.mapped(T.self) { x, y in
      inverses.withUnsafeMutableBufferPointer { inverses in
        normalize(
          x, y, rows: rows, length: length, epsilon: T(epsilon), isCentred: false, deviations: inverses.baseAddress
        ) { _, _ in }
      }
    }
    return (Broadcast.map(normalized, scale, to: x.shape) { (v: T, s: T) in v * s }, inverses.map { Float($0) })
  }

  package func couple(_ c: inout Coupling) {
    let (x, scale) = (c.inputs[0].shape, c.inputs[1].shape)
    guard let first = try? Axes.position(axis, rank: x.count) else { return }
    for axis in 0..<first where axis < x.count - scale.count {
      for output in c.outputs.indices { c.tie(.input(0, axis), .output(output, axis)) }
    }
  }
}
