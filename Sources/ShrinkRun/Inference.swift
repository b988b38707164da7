import ShrinkGraph
import ShrinkOps

/// The types of all values of a graph for inputs of given types, with constants computed ahead.
package struct Inference: Sendable {
  /// Type of each value; nil behind an operator that is not known.
  package private(set) var types: [TensorType?]
  /// Operators that are not known, once for each node in front of which everything is known.
  package private(set) var diagnostics: [Diagnostic] = []

  /// Follows the rules of the operators through the graph, from the type of every real input.
  ///
  /// A node whose operands are all constant, and whose results are small, is run. Throws the operator's error, naming
  /// the node, where a rule refuses its operands.
  package init(_ graph: Graph, inputs: [ValueID: TensorType]) throws(ShrinkError) {
    try self.init(graph, inputs: inputs, make: OperatorTable.make)
  }

  /// The same with other operators.
  package init(
    _ graph: Graph, inputs: [ValueID: TensorType], make: @escaping OperatorMaker
  ) throws(ShrinkError) {
    types = graph.values.map { $0.constant.map(TensorType.init(constant:)) }
    for (id, type) in inputs where graph[id].constant == nil { types[id.index] = type }
    let captureIndex = graph.captureIndex()
    for id in try graph.topologicalOrder() where !graph[id].isConstant {
      let node = graph[id]
      let operands = graph.operands(of: node, captureIndex).map { $0.map { types[$0.index] } }
      guard let results = try results(of: id, graph, operands, make: make) else { continue }
      for (output, type) in zip(node.outputs, results) { if let output { types[output.index] = type } }
    }
  }

  package subscript(id: ValueID) -> TensorType? { types[id.index] }

  private mutating func results(
    of id: NodeID, _ graph: Graph, _ operands: [TensorType??], make: @escaping OperatorMaker
  ) throws(ShrinkError) -> [TensorType]? {
    let node = graph[id]
    guard operands.allSatisfy({ $0 != .some(nil) }) else { return nil }
    let known = Operands(operands.map { $0.flatMap(\.self) })
    do throws(OperatorError) {
      let operation = try Subgraphs.operation(node, opset: graph.opset(of: node), isRun: false, make: make)
      for type in known.present { try type.check() }
      let results = try operation.infer(known)
      for type in results { try type.check() }
      guard results.count >= node.outputs.count else { throw .tooFewResults(results.count, node) }
      return try Self.constants(node, operation, known, results)
    } catch {
      guard error.code == .unsupportedOperator else { throw error.at(id, of: graph) }
      diagnostics.append(Diagnostic(place: graph.place(of: id), fact: error.fact))
      return nil
    }
  }

  /// The result types with their elements where these can be computed now.
  private static func constants(
    _ node: Node, _ operation: any Operator, _ operands: Operands<TensorType>, _ results: [TensorType]
  ) throws(OperatorError) -> [TensorType] {
    if results.allSatisfy({ $0.constant != nil }) { return results }
    if let fromShape = try shapeConstant(node, operands) { return [TensorType(constant: fromShape)] }
    let tensors = Operands(operands.items.map { $0?.constant })
    guard node.isDeterministic, tensors.present.count == operands.present.count,
      let count = FoldLimit.count(results), count <= FoldLimit.elements
    else { return results }
    let computed = try operation.run(tensors)
    guard zip(computed, results).allSatisfy({ $0.dtype == $1.dtype && $0.shape == $1.shape }) else {
      throw .differsFromRule(computed.map { TensorType($0.dtype, $0.shape) }, results)
    }
    return computed.map(TensorType.init(constant:))
  }

  /// Shape and Size need only the shape of their operand.
  ///
  /// Shape takes a range of axes since opset 15.
  private static func shapeConstant(
    _ node: Node, _ operands: Operands<TensorType>
  ) throws(OperatorError) -> Tensor? {
    guard node.domain.isEmpty, let shape = operands.optional(0)?.shape else { return nil }
    if node.opType == "Size" { return Tensor(Int64(Tensor.count(shape))) }
    guard node.opType == "Shape" else { return nil }
    let attributes = Attributes(node, opset: 15)
    let bound = { (axis: Int) in min(max(axis < 0 ? axis + shape.count : axis, 0), shape.count) }
    let start = bound(try attributes.int("start", default: 0))
    let end = bound(try attributes.int("end", default: shape.count))
    let sizes = start < end ? shape[start..<end].map(Int64.init) : []
    return Tensor(shape: [sizes.count], sizes)
  }
}

extension OperatorError {
  /// The operator's rule and kernel disagree: our own mistake.
  static func differsFromRule(_ found: [TensorType], _ rule: [TensorType]) -> OperatorError {
    let text = { (types: [TensorType]) in types.map { "\($0.dtype) \($0.shape)" }.joined(separator: ", ") }
    return OperatorError(.internal, "the kernel gives \(text(found)) where the shape rule says \(text(rule))")
  }
  /// The node names more results than its operator has.
  static func tooFewResults(_ found: Int, _ node: Node) -> OperatorError {
    OperatorError(.internal, "gives \(found) results where the node names \(node.outputs.count)")
  }
}
