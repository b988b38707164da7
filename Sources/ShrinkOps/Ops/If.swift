import ShrinkGraph

/// Runs one of two graphs, as a condition says.
package struct If: ControlFlow {
  package static let names = ["If"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "hands them to a subgraph" }
  package var bodies: (any Bodies)?
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    outputs = attributes.outputs
    for name in ["then_branch", "else_branch"] where !attributes.has(name) {
      throw .invalid("attribute '\(name)' is missing")
    }
  }

  private static func branch(_ condition: Tensor) throws(OperatorError) -> String {
    try condition.single("the condition") != 0 ? "then_branch" : "else_branch"
  }

  /// The types of the branch that a constant condition chooses, or those in which both branches agree.
  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    if let condition = inputs[0].constant { return try types(Self.branch(condition), inputs) }
    let (a, b) = (try types("then_branch", inputs), try types("else_branch", inputs))
    guard zip(a, b).allSatisfy({ $0.dtype == $1.dtype && $0.shape == $1.shape }) else { throw .shapeDependsOnData }
    return a.map { TensorType($0.dtype, $0.shape) }
  }

  private func types(_ name: String, _ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try ready.check(name, inputs: 0, outputs: outputs)
    var types: [TensorType] = []
    for type in try ready.infer(name, [], within: inputs) {
      guard let type else { throw .shapeDependsOnData }
      types.append(type)
    }
    return types
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let name = try Self.branch(inputs[0])
    try ready.check(name, inputs: 0, outputs: outputs)
    return try ready.run(name, [], within: inputs)
  }
}
