import ShrinkGraph

/// One where an axis has its greatest element, at the first of equal ones, and zero elsewhere.
package struct Hardmax: Operator {
  package static let names = ["Hardmax"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "compares all of them" }

  private let rule: AxisRule

  package init(_ attributes: Attributes) throws(OperatorError) { rule = try AxisRule(attributes) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] { try rule.infer(inputs[0]) }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [try run(inputs[0], Float.self)]
    case .float64: [try run(inputs[0], Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func run<T: FloatElement>(_ x: Tensor, _ type: T.Type) throws(OperatorError) -> Tensor {
    try rule.map(x, type) { x, y, count, stride, width in
      for line in 0..<width {
        let (x, y) = (x + line, y + line)
        var best = 0
        for i in 0..<count {
          y[i * stride] = 0
          if x[i * stride] > x[best * stride] { best = i }
        }
        if count > 0 { y[best * stride] = 1 }
      }
    }
  }

  package func couple(_ c: inout Coupling) { rule.couple(&c) }
}
