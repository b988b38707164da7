import ShrinkGraph

@testable import ShrinkOps

/// Graphs as closures, so that operators that run graphs can be tested without the engine.
struct ToyBodies: Bodies {
  /// What a body computes from its inputs and from what it reads around it.
  typealias Body = @Sendable ([Tensor], [Tensor]) -> [Tensor]
  var operands: Int
  var inputs: Int
  var outputs: Int
  var bodies: [String: Body]

  func body(_ name: String) throws(OperatorError) -> Graph {
    guard bodies[name] != nil else { throw .invalid("there is no graph '\(name)'") }
    var graph = Graph()
    for i in 0..<inputs { graph.inputs.append(graph.addValue(named: "in\(i)")) }
    for i in 0..<outputs {
      graph.outputs.append(graph.addValue(named: "out\(i)", type: DeclaredType(.float32, [.known(3), .unknown])))
    }
    return graph
  }

  func run(
    _ name: String, _ inputs: [Tensor], within operands: Operands<Tensor>
  ) throws(OperatorError) -> [Tensor] {
    bodies[name]?(inputs, operands.items.dropFirst(self.operands).compactMap(\.self)) ?? []
  }

  func infer(
    _ name: String, _ inputs: [TensorType], within operands: Operands<TensorType>
  ) throws(OperatorError) -> [TensorType?] {
    throw .shapeDependsOnData
  }
}

/// The results of an operator with graphs.
func result(
  _ type: any ControlFlow.Type, _ values: [String: Attribute.Value], opset: Int = 17, _ operands: [Tensor?],
  _ bodies: ToyBodies
) throws -> [Tensor] {
  var values = values
  for name in bodies.bodies.keys { values[name] = .graphs(captures: []) }
  var operation = try type.init(
    Attributes(type.names[0], opset: opset, outputs: bodies.outputs - (type == Loop.self ? 1 : 0), values))
  operation.bodies = bodies
  return try operation.run(Operands(operands))
}
