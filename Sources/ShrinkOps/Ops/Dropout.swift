import ShrinkGraph

/// Passes its operand on, as it does outside training; the mask, where asked for, says that all was kept.
package struct Dropout: Operator {
  package static let names = ["Dropout"]
  package static let opsets = 1...28
  package static let inputs = 1...3

  private let hasMask: Bool
  private let isMaskBool: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    hasMask = attributes.outputs > 1
    isMaskBool = attributes.opset >= 10
    guard attributes.outputs <= 2 else { throw .invalid("names \(attributes.outputs) results where 1 or 2 belong") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    let mask = TensorType(isMaskBool ? .bool : x.dtype, x.shape)
    return [TensorType(x.dtype, x.shape, constant: x.constant)] + (hasMask ? [mask] : [])
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    if let mode = inputs.optional(2), mode.integers?.contains(where: { $0 != 0 }) ?? true {
      // Half is dropped unless the ratio says otherwise.
      guard inputs.optional(1)?.numbers?.allSatisfy({ $0 == 0 }) ?? false else {
        throw .unsupported("is in its form for training, which drops elements at random: random generators are not run")
      }
    }
    guard hasMask else { return [x] }
    if isMaskBool { return [x, Tensor(shape: x.shape, repeating: true)] }
    return [x, try Conversion.convert(Tensor(shape: x.shape, repeating: Float(1)), to: x.dtype)]
  }

  package func couple(_ c: inout Coupling) {
    c.tieAll(input: 0, output: 0)
    if c.outputs.count > 1, c.outputs[1].shape.count == c.inputs[0].shape.count { c.tieAll(input: 0, output: 1) }
  }
}
