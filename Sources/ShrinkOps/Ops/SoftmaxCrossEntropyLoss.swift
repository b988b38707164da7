import ShrinkGraph

/// The negative log-likelihood of targets under the softmax of scores over axis 1; its logarithm is the second result.
package struct SoftmaxCrossEntropyLoss: Operator {
  package static let names = ["SoftmaxCrossEntropyLoss"]
  package static let opsets = 12...28
  package static let inputs = 2...3

  private let loss: ClassLoss
  private let softmax = NormalizedExponential(AxisRule(axis: 1), isLogarithm: true)
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    loss = try ClassLoss(attributes)
    outputs = max(1, attributes.outputs)
    guard outputs <= 2 else { throw .invalid("names \(outputs) results where 1 or 2 belong") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let loss = try loss.infer(inputs)
    return [loss] + (outputs == 2 ? [TensorType(inputs[0].dtype, inputs[0].shape)] : [])
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let result: Tensor
    switch inputs[0].dtype {
    case .float32, .float64: break
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
    let logarithms = try softmax.run(inputs[0])[0]
    if inputs[0].dtype == .float32 {
      result = try loss.run(logarithms, inputs, Float.self)
    } else {
      result = try loss.run(logarithms, inputs, Double.self)
    }
    return Array([result, logarithms].prefix(outputs))
  }
}
