import ShrinkGraph
import ShrinkOps

/// Reverse-mode differentiation of a graph: one run forwards, one walk back.
///
/// Source: Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3.
package struct Backward {
  /// What the walk shows of one node.
  package struct Step {
    /// The node.
    package let node: NodeID
    /// Its results.
    package let outputs: [Tensor]
    /// The gradient of each result; nil where none reaches it.
    package let cotangents: [Tensor?]
    /// What it hands on; nil where its derivative is not known.
    package let gradients: Gradients?
    /// Whether a part of its gradient is missing, since it passes an operator without a derivative.
    package let isPartial: Bool
  }

  private let graph: Graph
  private let executor: Executor

  /// Prepares the operators in front of the outputs.
  package init(_ graph: Graph) throws(ShrinkError) {
    self.graph = graph
    executor = try Executor(graph)
  }

  /// Runs `feeds` and walks back from the gradients that `seed` makes of the outputs.
  package func run(
    _ feeds: [ValueID: Tensor], seed: ([ValueID: Tensor]) -> [ValueID: Tensor],
    visit: (Step) throws(ShrinkError) -> Void
  ) throws(ShrinkError) {
    var tape: [(node: NodeID, operands: Operands<Tensor>, results: [Tensor])] = []
    let outputs = try executor.run(feeds) { (node, operands, results) throws(ShrinkError) in
      tape.append((node, operands, results))
    }
    let varying = varying(tape.map(\.node))
    var gradients = seed(outputs)
    var partial = Set(
      outputs.filter { gradients[$0.key] == nil && varying.contains($0.key) && $0.value.dtype.carriesErrors }.keys)
    while let (id, operands, results) = tape.popLast() {
      let node = graph[id]
      let cotangents = node.outputs.map { $0.flatMap { gradients.removeValue(forKey: $0) } }
      let isPartial = node.outputs.contains { $0.map(partial.contains) ?? false }
      guard isPartial || cotangents.contains(where: { $0 != nil }) else { continue }
      let wanted = node.inputs.enumerated().map { slot, value in
        value.map(varying.contains) ?? false && operands.optional(slot)?.dtype == .float32
      }
      let handed = pullback(id, operands, results, cotangents, wanted)
      for (slot, value) in node.inputs.enumerated() {
        guard let value, varying.contains(value), let dtype = operands.optional(slot)?.dtype, dtype.carriesErrors
        else { continue }
        if isPartial || handed == nil || dtype != .float32 { partial.insert(value) }
      }
      for (slot, part) in (handed?.operands ?? []).enumerated() where slot < wanted.count && wanted[slot] {
        guard let part, let value = node.inputs[slot] else { continue }
        gradients[value] = gradients[value].map { (try? $0.added(part)) ?? part } ?? part
      }
      try visit(
        Step(node: id, outputs: results, cotangents: cotangents, gradients: handed, isPartial: isPartial))
    }
  }

  private func pullback(
    _ id: NodeID, _ operands: Operands<Tensor>, _ results: [Tensor], _ cotangents: [Tensor?], _ wanted: [Bool]
  ) -> Gradients? {
    guard cotangents.contains(where: { $0 != nil }) else { return Gradients(none: wanted.count) }
    guard let rule = executor.operation(of: id) as? any Differentiable else { return nil }
    return try? rule.pullback(
      Pullback(inputs: operands, outputs: results, cotangents: cotangents, wanted: wanted))
  }

  /// Values that depend on what is fed.
  private func varying(_ nodes: [NodeID]) -> Set<ValueID> {
    var result = Set(graph.realInputs)
    for id in nodes where graph[id].inputs.contains(where: { $0.map(result.contains) ?? false }) {
      result.formUnion(graph[id].outputs.compactMap(\.self))
    }
    return result
  }
}

extension DType {
  /// Whether small errors pass through numbers of the type: floating point, codes of activations and their sums.
  ///
  /// Indices and sizes, which are int64, and conditions stay as they are.
  fileprivate var carriesErrors: Bool { isFloat || (self != .bool && 1...32 ~= bits) }
}
