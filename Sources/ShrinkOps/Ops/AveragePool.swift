import ShrinkGraph

/// Mean of each window; padding counts as zeros or not at all.
package struct AveragePool: Operator {
  package static let names = ["AveragePool"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "slides a window over them" }

  let pooling: WindowPooling
  let countsPads: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    countsPads = try attributes.int("count_include_pad", default: 0) != 0
    pooling = try WindowPooling(.average(countIncludePad: countsPads), attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try pooling.infer(inputs[0])
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    switch x.dtype {
    case .float32: return try pooling.run(x)
    case .float64:
      return [try WindowLoops.average(x, pooling.place(x.shape), countsPads: countsPads, Double.self)]
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    default: throw .noKernel(for: x.dtype)
    }
  }

  package func couple(_ c: inout Coupling) { pooling.couple(&c) }
}
