import ShrinkGraph
import ShrinkMath

/// Local response normalisation: y = x / (bias + alpha / size · Σ x²)^beta, summed over `size` neighbouring channels.
package struct LRN: Operator {
  package static let names = ["LRN"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "normalises each over its neighbours" }

  private let size: Int
  private let alpha: Float
  private let beta: Float
  private let bias: Float

  package init(_ attributes: Attributes) throws(OperatorError) {
    size = try attributes.int("size", default: 0)
    alpha = try attributes.float("alpha", default: 0.0001)
    beta = try attributes.float("beta", default: 0.75)
    bias = try attributes.float("bias", default: 1)
    guard size > 0 else { throw .invalid("size is \(size)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].shape.count > 1 else { throw .invalid("normalises a tensor of shape \(inputs[0].shape)") }
    return [TensorType(inputs[0].dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(Operands([TensorType(x.dtype, x.shape)]))
    switch x.dtype {
    case .float32: return [try run(x, Float.self)]
    case .float64: return [try run(x, Double.self)]
    default: return try Conversion.wideningFloats(inputs, run)
    }
  }

  private func run<T: FloatElement & Real>(_ x: Tensor, _: T.Type) throws(OperatorError) -> Tensor {
    let (samples, channels, plane) = (x.shape[0], x.shape[1], x.shape.dropFirst(2).product)
    let (before, behind) = (min(channels, (size - 1) / 2), min(channels, size / 2))
    return try x.mapped(T.self) { x, y in
      Parallel.forEach(samples * channels) { range in
        for p in range {
          let channel = p % channels
          let (image, to) = (x + (p - channel) * plane, y + p * plane)
          to.update(repeating: 0, count: plane)
          for near in max(0, channel - before)...min(channels - 1, channel + behind) {
            let from = image + near * plane
            for i in 0..<plane { to[i] += from[i] * from[i] }
          }
          divide(x + p * plane, to, plane)
        }
      }
    }
  }

  private func divide<T: FloatElement & Real>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int) {
    let (factor, bias) = (T(alpha) / T(size), T(bias))
    guard beta == 0.75 else {
      for i in 0..<count { y[i] = x[i] * T.power(bias + factor * y[i], T(-beta)) }
      return
    }
    for i in 0..<count {
      let root = (bias + factor * y[i]).squareRoot()
      y[i] = x[i] / (root * root.squareRoot())
    }
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0, except: [1]) }
}
