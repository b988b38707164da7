import ShrinkGraph

/// Greatest element of every channel over its positions.
package struct GlobalMaxPool: Operator {
  package static let names = ["GlobalMaxPool"]
  package static let opsets = 1...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) throws(OperatorError) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try GlobalPooling.infer(inputs[0])
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: try GlobalPooling.run(inputs[0], Float.self) { Reductions.maximum($0, $1) }
    case .float64: try GlobalPooling.run(inputs[0], Double.self) { Reductions.maximum($0, $1) }
    default: try Conversion.wideningFloats(inputs, run)
    }
  }

  package func couple(_ c: inout Coupling) { GlobalPooling.couple(&c) }
}
