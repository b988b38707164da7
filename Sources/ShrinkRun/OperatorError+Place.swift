import ShrinkGraph
import ShrinkOps

/// Finds the operator that a node applies at an opset; `OperatorTable.make`, or the toy operators of a test.
package typealias OperatorMaker = @Sendable (Node, Int) throws(OperatorError) -> any Operator

extension OperatorError {
  /// The same error, naming the node; what a kernel does not know comes with the version that the node is read by.
  func at(_ id: NodeID, of graph: Graph) -> ShrinkError {
    let node = graph[id]
    let isVersioned = code != .unsupportedOperator || fact.contains("opset")
    let version =
      isVersioned ? "" : " (\(node.domain.isEmpty ? "ai.onnx" : node.domain), opset \(graph.opset(of: node)))"
    return ShrinkError(code, place: graph.place(of: id), fact + version, hint: hint)
  }
}

extension Graph {
  /// Version of ai.onnx that nodes of that domain are read by.
  var opset: Int { opsets[""] ?? opsets["ai.onnx"] ?? 1 }

  /// How messages name a node; one without a name by its first result.
  func place(of id: NodeID) -> String {
    let node = self[id]
    guard node.name.isEmpty, let output = node.outputs.lazy.compactMap(\.self).first else { return node.place }
    return "the node (\(node.opType)) of '\(self[output].name)'"
  }

  /// Version of the operator set that a node is read by.
  package func opset(of node: Node) -> Int { node.domain.isEmpty ? opset : opsets[node.domain] ?? 1 }
}

extension Node {
  /// Whether running it again, on the same operands, gives the same results, and the node alone says what it computes.
  var isDeterministic: Bool {
    let random: Set = [
      "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli", "Dropout",
    ]
    let hasSubgraph = attributes.contains { if case .graphs = $0.value { true } else { false } }
    return !hasSubgraph && !(domain.isEmpty && random.contains(opType))
  }
}

/// How large a constant may get by computing it ahead.
enum FoldLimit {
  /// Elements of all results of a node together.
  static let elements = 1 << 20

  /// Number of elements of all types together; nil on overflow.
  static func count(_ types: [TensorType]) -> Int? {
    var total = 0
    for type in types {
      guard let count = Tensor.checkedCount(type.shape) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(count)
      guard !overflow else { return nil }
      total = sum
    }
    return total
  }
}
