import ShrinkGraph

/// Makes one of nodes that compute the same: same operator, operands and attributes.
///
/// Steps that are written for each reader of a shape or of a stored weight are often the same. Nodes whose results
/// outputs show or subgraphs read by name stay, and so do operators that no standard knows and those that runtimes fuse
/// with their reader.
package struct MergeNodes: Pass {
  package static let name = "MergeNodes"
  package static let summary = "make one of nodes that compute the same"

  /// Makes the pass.
  package init() {}

  private static let fused: Set<String> = ["QuantizeLinear", "DequantizeLinear"]

  private struct Kind: Hashable {
    let opType: String
    let domain: String
    let inputs: [ValueID?]
    let hasResult: [Bool]
  }

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let fixed = graph.captured().union(graph.outputs)
    var known: [Kind: [Int]] = [:]
    var instead: [ValueID: ValueID] = [:]
    var gone = Set<NodeID>()
    for n in graph.nodes.indices {
      graph.nodes[n].inputs = graph.nodes[n].inputs.map { $0.map { instead[$0] ?? $0 } }
      let node = graph.nodes[n]
      guard !node.isConstant, node.isDeterministic, ["", "com.microsoft"].contains(node.domain),
        !Self.fused.contains(node.opType)
      else { continue }
      let kind = Kind(
        opType: node.opType, domain: node.domain, inputs: node.inputs, hasResult: node.outputs.map { $0 != nil })
      let same = known[kind]?.first { Self.areEqual(graph.nodes[$0].attributes, node.attributes) }
      if let same, fixed.isDisjoint(with: node.outputs.compactMap(\.self)) {
        for (a, b) in zip(node.outputs, graph.nodes[same].outputs) { if let a, let b { instead[a] = b } }
        gone.insert(NodeID(n))
      } else if same == nil {
        known[kind, default: []].append(n)
      }
    }
    guard !gone.isEmpty else { return false }
    // Nodes need not stand in the order in which they run.
    for n in graph.nodes.indices {
      graph.nodes[n].inputs = graph.nodes[n].inputs.map { $0.map { instead[$0] ?? $0 } }
    }
    graph.removeNodes(gone)
    return true
  }

  private static func areEqual(_ a: [Attribute], _ b: [Attribute]) -> Bool {
    guard a.count == b.count else { return false }
    return a.allSatisfy { one in b.contains { $0.name == one.name && $0.value.isEqual(to: one.value) } }
  }
}

extension Attribute.Value {
  /// Whether it is known to hold the same.
  fileprivate func isEqual(to other: Attribute.Value) -> Bool {
    switch (self, other) {
    case (.float(let a), .float(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.tensor(let a), .tensor(let b)): a == b
    case (.floats(let a), .floats(let b)): a == b
    case (.ints(let a), .ints(let b)): a == b
    case (.strings(let a), .strings(let b)): a == b
    default: false
    }
  }
}
