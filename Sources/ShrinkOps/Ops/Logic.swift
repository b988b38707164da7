import ShrinkGraph

/// And, Or and Xor of two boolean operands that are broadcast together.
package struct Logic: Operator {
  package static let names = ["And", "Or", "Xor"]
  package static let opsets = 1...28
  package static let inputs = 2...2
  private let name: String
  private let broadcast: LegacyBroadcast

  package init(_ attributes: Attributes) throws(OperatorError) {
    name = attributes.opType
    broadcast = try LegacyBroadcast(attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    for input in inputs.present where input.dtype != .bool { throw .unsupportedType(input.dtype) }
    let inputs = try broadcast.aligned(inputs)
    return [TensorType(.bool, try Broadcast.shape([inputs[0].shape, inputs[1].shape]))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let inputs = try broadcast.aligned(inputs)
    return switch name {
    case "And": [Broadcast.map(inputs[0], inputs[1], to: shape) { (x: Bool, y: Bool) in x && y }]
    case "Or": [Broadcast.map(inputs[0], inputs[1], to: shape) { (x: Bool, y: Bool) in x || y }]
    default: [Broadcast.map(inputs[0], inputs[1], to: shape) { (x: Bool, y: Bool) in x != y }]
    }
  }

  package func couple(_ c: inout Coupling) { broadcast.couple(&c) }
}
