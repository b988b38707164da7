import ShrinkGraph
import ShrinkOps

/// Computes ahead the nodes whose operands are all constant.
///
/// Not folded: what is random or has a subgraph, graph outputs (they stay computed), operators without a kernel, and
/// results that would make the file larger: above 1 M elements and more bytes than the operands.
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
      guard types.count >= node.outputs.count, Self.isSmall(types, operands.present) else { return nil }
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
}
