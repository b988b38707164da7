import ShrinkGraph

/// Runs a graph again and again: as often as it is told, or while its condition holds.
///
/// Operands: trip count, condition, values that are carried from one iteration to the next. The body takes the number of
/// the iteration, the condition and the carried values, and gives the condition, the carried values, and what is stacked
/// over the iterations.
package struct Loop: ControlFlow {
  package static let names = ["Loop"]
  package static let opsets = 1...28
  package static let inputs = 0...Int.max
  package var useOfAll: String { "hands them to a subgraph" }
  package var bodies: (any Bodies)?
  private let outputs: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    outputs = attributes.outputs
    guard attributes.has("body") else { throw .invalid("attribute 'body' is missing") }
  }

  /// Number of values that are carried along.
  private func carried() throws(OperatorError) -> Int {
    let count = max(0, try ready.operands - 2)
    try ready.check("body", inputs: count + 2, outputs: max(outputs, count) + 1)
    return count
  }

  /// Shapes of the iteration number and the condition: scalars, unless the body declares one axis.
  private func scalarShape(_ slot: Int) throws(OperatorError) -> [Int] {
    let body = try ready.body("body")
    return body[body.inputs[slot]].type?.dims?.count == 1 ? [1] : []
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let carried = try carried()
    let given = try values(inputs, carried)
    let trips = try inputs.optional(0)?.constant?.single("the trip count")
    let condition = inputs.optional(1) == nil ? 1 : try inputs[1].constant?.single("the condition")
    let runsNever = trips.map { $0 <= 0 } ?? false || condition == 0
    let start = given.map { TensorType($0.dtype, $0.shape) }
    let scalars = [TensorType(.int64, try scalarShape(0)), TensorType(.bool, try scalarShape(1))]
    let results = try ready.infer("body", scalars + start, within: inputs)
    let isSteady = start.indices.allSatisfy { slot in
      results[slot + 1].map { $0.dtype == start[slot].dtype && $0.shape == start[slot].shape } ?? false
    }
    guard isSteady || runsNever else { throw .shapeDependsOnData }
    let staysTrue = inputs.optional(1) == nil || (try? results[0]?.constant?.single("the condition")) ?? 0 != 0
    var types = runsNever ? given : start
    for result in results[(carried + 1)...] {
      guard let result, runsNever || staysTrue && condition != nil, let length = runsNever ? 0 : trips else {
        throw .shapeDependsOnData
      }
      types.append(TensorType(result.dtype, try Axes.checked([length] + result.shape, result.dtype)))
    }
    return types
  }

  private func values<T>(_ inputs: Operands<T>, _ carried: Int) throws(OperatorError) -> [T] {
    var values: [T] = []
    for slot in 2..<(2 + carried) {
      guard let value = inputs.optional(slot) else { throw .invalid("its carried operand \(slot) is left out") }
      values.append(value)
    }
    return values
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let carried = try carried()
    let trips = try inputs.single(0, "the trip count") ?? .max
    // Without a condition operand the body's is ignored.
    let hasCondition = inputs.optional(1) != nil
    var condition = try inputs.single(1, "the condition") ?? 1
    let (numberShape, conditionShape) = (try scalarShape(0), try scalarShape(1))
    var values = try values(inputs, carried)
    var stacks = [Stack](repeating: Stack(), count: try ready.body("body").outputs.count - 1 - carried)
    var number = 0
    while number < trips, condition != 0 {
      let scalars = [
        Tensor(Int64(number)).reshaped(numberShape), Tensor(condition != 0).reshaped(conditionShape),
      ]
      let results = try ready.run("body", scalars + values, within: inputs)
      if hasCondition { condition = try results[0].single("the condition that the body gives") }
      values = Array(results[1..<(carried + 1)])
      for slot in stacks.indices { try stacks[slot].append(results[carried + 1 + slot]) }
      number += 1
    }
    let types =
      [TensorType(.int64, numberShape), TensorType(.bool, conditionShape)]
      + values.map { TensorType($0.dtype, $0.shape) }
    for (slot, stack) in stacks.enumerated() {
      values.append(try ready.joined(stack, "body", carried + 1 + slot, types, within: inputs))
    }
    return values
  }
}
