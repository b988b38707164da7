import ShrinkGraph

/// Greatest element of each window; padding counts as nothing.
package struct MaxPool: Operator {
  package static let names = ["MaxPool"]
  package static let opsets = 1...28
  package static let inputs = 1...1

  private let pooling: WindowPooling

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard attributes.outputs <= 1 else {
      throw .unsupported("its second result, the indices of the maxima, has no kernel")
    }
    pooling = try WindowPooling(.maximum, attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try pooling.infer(inputs[0])
  }
  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] { try pooling.run(inputs[0]) }
  package func couple(_ c: inout Coupling) { pooling.couple(&c) }
}
