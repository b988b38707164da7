import ShrinkGraph

/// Converts elements to another type; CastLike takes the type from its second operand.
package struct Cast: Operator {
  package static let names = ["Cast", "CastLike"]
  package static let opsets = 6...28
  package static let inputs = 1...2
  /// The type of the result; nil when the second operand has it.
  private let target: DType?

  package init(_ attributes: Attributes) throws(OperatorError) {
    if attributes.opType == "CastLike" {
      target = nil
    } else {
      guard let target = try attributes.dtype("to") else { throw .invalid("attribute 'to' is missing") }
      self.target = target
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let dtype = target ?? inputs.optional(1)?.dtype else { throw .invalid("operand 1 is missing") }
    return [TensorType(dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    [try Conversion.convert(inputs[0], to: try infer(inputs.types)[0].dtype)]
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}
