import ShrinkGraph

/// And, Or and Xor of two boolean operands that are broadcast together.
package struct Logic: Operator {
  package static let names = ["And", "Or", "Xor"]
  package static let opsets = 1...28
  package static let inputs = 2...2
  private let name: String
  private let placement: Broadcast.Placement

  package init(_ attributes: Attributes) throws(OperatorError) {
    name = attributes.opType
    placement = try Broadcast.Placement(attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    for input in inputs.present where input.dtype != .bool { throw .unsupportedType(input.dtype) }
    return [try .sized(.bool, placement.shape(inputs))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let inputs = try placement.placed(inputs)
    return switch name {
    case "And": [Broadcast.map(inputs[0], inputs[1], to: shape) { (x: Bool, y: Bool) in x && y }]
    case "Or": [Broadcast.map(inputs[0], inputs[1], to: shape) { (x: Bool, y: Bool) in x || y }]
    default: [Broadcast.map(inputs[0], inputs[1], to: shape) { (x: Bool, y: Bool) in x != y }]
    }
  }

  package func couple(_ c: inout Coupling) { placement.couple(&c) }
}
