import ShrinkGraph
import ShrinkOps

/// Computes ahead the nodes whose operands are all constant.
///
/// Weights that are cast, dequantised, transposed or copied are computed whatever their size; where they are quantised,
/// or that takes more bytes than the file has for them, the value keeps its `StoredForm`, so that the file need not grow.
///
/// Not folded: what is random or has a subgraph, graph outputs (they stay computed), operators without a kernel, and
/// other results above 1 M elements that take more bytes than the operands.
package struct FoldConstants: Pass {
  package static let name = "FoldConstants"
  package static let summary = "compute ahead what does not depend on the inputs"
  private let make: OperatorMaker

  /// Makes the pass.
  package init() { self.init(make: OperatorTable.make) }
  /// Makes the pass with other operators.
  package init(make: @escaping OperatorMaker) { self.make = make }

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let outputs = Set(graph.outputs)
    let shared = Self.shared(graph)
    let listsWeights = graph.inputs.contains { graph[$0].constant != nil }
    var replaced: [NodeID: [Node]] = [:]
    for id in try graph.topologicalOrder() {
      let node = graph[id]
      guard !node.isConstant, node.isDeterministic,
        !node.outputs.contains(where: { $0.map(outputs.contains) ?? false }),
        let results = results(of: node, in: graph)
      else { continue }
      let asNodes =
        listsWeights || node.inputs.contains { $0.map { graph[$0].constantForm == .constantNode } ?? false }
      replaced[id] = []
      for (output, result) in zip(node.outputs, results) {
        guard let output else { continue }
        graph[output].stored = Self.storedForm(of: node, output, result, in: graph, shared)
        graph[output].constant = result
        graph[output].constantForm = asNodes ? .constantNode : .initializer
        if asNodes { replaced[id]?.append(Node("Constant", name: node.name, inputs: [], outputs: [output])) }
      }
    }
    guard !replaced.isEmpty else { return false }
    graph.nodes = graph.nodes.indices.flatMap { replaced[NodeID($0)] ?? [graph.nodes[$0]] }
    graph.dropUnnamedValues()
    return true
  }

  /// The results of a node that may be folded; nil for any other.
  ///
  /// What fails here is left for the run to report.
  private func results(of node: Node, in graph: Graph) -> [Tensor]? {
    let operands = Operands(node.inputs.map { $0.flatMap { graph[$0].constant } })
    guard !operands.present.isEmpty, operands.present.count == node.inputs.compactMap(\.self).count else { return nil }
    do {
      let operation = try make(node, graph.opset(of: node))
      let types = try operation.infer(Operands(operands.items.map { $0.map(TensorType.init(constant:)) }))
      guard types.count >= node.outputs.count, operation is any StorageOperator || Self.isSmall(types, operands.present)
      else { return nil }
      let results = try operation.run(operands)
      return results.count >= node.outputs.count ? results : nil
    } catch { return nil }
  }

  private static func isSmall(_ types: [TensorType], _ operands: [Tensor]) -> Bool {
    guard let count = FoldLimit.count(types) else { return false }
    if count <= FoldLimit.elements { return true }
    let bytes = types.reduce(0) { $0 + ($1.dtype.byteCount(Tensor.count($1.shape)) ?? 0) }
    return bytes <= operands.reduce(0) { $0 + $1.byteCount }
  }

  /// Values that are in the file whoever else stops to read them.
  private static func shared(_ graph: Graph) -> Set<ValueID> {
    let readers = graph.uses()
    let several = graph.values.indices.map { ValueID($0) }.filter { readers[$0.index].count > 1 }
    return graph.captured().union(graph.outputs).union(graph.inputs).union(several)
  }

  /// How the file holds what a node computes; nil where computing it ahead loses nothing and makes the file no larger.
  private static func storedForm(
    of node: Node, _ output: ValueID, _ result: Tensor, in graph: Graph, _ shared: Set<ValueID>
  ) -> StoredForm? {
    guard result.dtype.isFloat, result.count > 1, node.outputs.count == 1 else { return nil }
    let operands = node.inputs.compactMap(\.self)
    let freed = operands.reduce(0) { $0 + (shared.contains($1) ? 0 : graph[$1].constant?.byteCount ?? 0) }
    let isQuantised = operands.first.flatMap { graph[$0].constant }.map { !$0.dtype.isFloat } ?? false
    guard freed < result.byteCount || isQuantised || operands.contains(where: { graph[$0].stored != nil }) else {
      return nil
    }
    var body = Graph(opsets: graph.opsets)
    var own = node
    for (slot, operand) in node.inputs.enumerated() {
      guard let operand else { continue }
      if let stored = graph[operand].stored {
        let part = body.include(stored.body)
        body.nodes += part.nodes
        own.inputs[slot] = part.result
      } else {
        own.inputs[slot] = body.include(graph[operand])
      }
    }
    own.outputs = [body.addValue(named: graph[output].name)]
    body.nodes.append(own)
    body.outputs = own.outputs.compactMap(\.self)
    return StoredForm(body: body, result: result)
  }
}
