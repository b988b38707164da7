import ShrinkGraph

/// The p-norm of every channel over its positions.
///
/// Source: the ONNX specification of GlobalLpPool, versions 1 to 22.
package struct GlobalLpPool: Operator {
  package static let names = ["GlobalLpPool"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  private let norm: PowerNorm

  package init(_ attributes: Attributes) throws(OperatorError) { norm = try PowerNorm(attributes) }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try GlobalPooling.infer(inputs[0])
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: try GlobalPooling.run(inputs[0], Float.self) { length($0, $1) }
    case .float64: try GlobalPooling.run(inputs[0], Double.self) { length($0, $1) }
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func length<T: Real>(_ x: UnsafePointer<T>, _ count: Int) -> T {
    var sum: T = 0
    for i in 0..<count { sum += norm.power(x[i]) }
    return norm.root(sum)
  }

  package func couple(_ c: inout Coupling) { GlobalPooling.couple(&c) }
}
