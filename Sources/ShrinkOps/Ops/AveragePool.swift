import ShrinkGraph

/// Mean of each window; padding counts as zeros or not at all.
package struct AveragePool: Operator {
  package static let names = ["AveragePool"]
  package static let opsets = 1...28
  package static let inputs = 1...1

  private let pooling: WindowPooling

  package init(_ attributes: Attributes) throws(OperatorError) {
    let countsPads = try attributes.int("count_include_pad", default: 0) != 0
    pooling = try WindowPooling(.average(countIncludePad: countsPads), attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try pooling.infer(inputs[0])
  }
  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] { try pooling.run(inputs[0]) }
  package func couple(_ c: inout Coupling) { pooling.couple(&c) }
}
