import ShrinkGraph
import ShrinkMath

/// A gate times a value: a / (1 + e^(-alpha · a)) · b.
///
/// Source: Shazeer, "GLU Variants Improve Transformer", 2020.
package struct SwiGLU: Operator {
  package static let names = ["SwiGLU"]
  package static let opsets = 28...28
  package static let inputs = 2...2

  private let alpha: Float

  package init(_ attributes: Attributes) throws(OperatorError) { alpha = try attributes.float("alpha", default: 1) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (a, b) = (inputs[0], inputs[1])
    guard a.shape == b.shape, a.dtype == b.dtype else {
      throw .invalid("multiplies \(a.dtype)\(a.shape) by \(b.dtype)\(b.shape)")
    }
    return [TensorType(a.dtype, a.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    return switch inputs[0].dtype {
    case .float32: [try run(inputs, Float.self)]
    case .float64: [try run(inputs, Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func run<T: KernelElement>(_ inputs: Operands<Tensor>, _ type: T.Type) throws(OperatorError) -> Tensor {
    defer { withExtendedLifetime(inputs) {} }
    let b = inputs[1].start(T.self)
    return try inputs[0].mapped(T.self) { a, y in
      Parallel.forEach(inputs[0].count, minimumChunk: Walk.grain) { range in
        for i in range { y[i] = T(alpha) * a[i] }
        T.sigmoids(y + range.lowerBound, range.count)
        for i in range { y[i] *= a[i] * b[i] }
      }
    }
  }

  package func couple(_ c: inout Coupling) {
    c.tieAll(input: 0, output: 0)
    c.tieAll(input: 1, output: 0)
  }
}
