import ShrinkGraph
import ShrinkOps

/// What people call units, and the nodes that they pass.
package struct UnitWords: Sendable {
  private let graph: Graph
  private let makers: [NodeID?]

  private static let recurrent: Set = ["LSTM", "GRU", "RNN"]
  private static let embedding: Set = ["Gather", "EmbedLayerNormalization"]
  private static let dense = "hidden units"
  private static let gated = " with a gate"

  /// Words for what is in a graph.
  package init(_ graph: Graph) {
    self.graph = graph
    makers = graph.producers()
  }

  /// What the units of a group are.
  package func text(_ group: ChannelGroup) -> String {
    let values = Set(group.axes.map(\.axis.value))
    switch group.kind {
    case .queryKeyWidth where !group.readers.isEmpty: return "places of query-key-value width"
    case .blocks(let size): return "\(isGrouped(values) ? "groups" : "blocks") of \(size) channels"
    case .places(let count): return "places in each of \(count) \(isGrouped(values) ? "groups" : "blocks")"
    default: break
    }
    switch text(group.kind, producers: makers(of: group), values: values) {
    case Self.dense: return "\(Self.dense) of an MLP"
    case Self.dense + Self.gated: return "\(Self.dense) of a gated MLP"
    case let text: return text
    }
  }

  /// Nodes that make the units of a group: its linear layers and tables of embeddings, or else a depthwise convolution that
  /// makes several of one.
  package func makers(of group: ChannelGroup) -> [NodeID] {
    let all = (group.producers + group.between.filter(isTable)).sorted()
    return all.isEmpty ? Array(group.between.prefix(1)) : all
  }

  /// Whether a node picks rows of a table in the file: embeddings.
  func isTable(_ id: NodeID) -> Bool {
    let node = graph[id]
    let tables = node.opType == "Gather" ? node.inputs.prefix(1) : node.inputs[...]
    return Self.embedding.contains(node.opType)
      && tables.contains { value in
        value.flatMap { graph[$0].constant }.map { $0.dtype.isFloat && $0.shape.count > 1 } ?? false
      }
  }

  /// What units of a kind are that these layers make and that stand on these values.
  func text(_ kind: ChannelGroup.Kind, producers: [NodeID], values: Set<ValueID> = []) -> String {
    switch kind {
    case .heads: return "attention heads"
    case .queryKeyWidth: return "places of query-key width"
    case .valueWidth: return "places of value width"
    case .blocks, .places: return kind.text
    case .hiddenUnits, .channels: break
    }
    let types = producers.map { graph[$0].opType }.filter(Self.recurrent.contains)
    if let type = types.first { return "hidden units of \(type == "GRU" ? "a" : "an") \(type)" }
    switch join(values) {
    case .residual: return "channels of a residual stream"
    case .sum where producers.count > 1: return plain(producers) + " of branches that are added"
    case .gate where producers.count > 1: return plain(producers) + Self.gated
    default: return plain(producers)
    }
  }

  /// Channels where convolutions or tables are among the layers, hidden units otherwise.
  func plain(_ producers: [NodeID]) -> String {
    producers.contains { graph[$0].opType.contains("Conv") || isTable($0) } ? "channels" : Self.dense
  }

  /// How branches come together.
  private enum Join { case residual, sum, gate, none }

  /// How branches come together on values that units stand on.
  private func join(_ values: Set<ValueID>) -> Join {
    var result = Join.none
    for node in graph.nodes where node.domain.isEmpty {
      guard node.outputs.contains(where: { $0.map(values.contains) ?? false }) else { continue }
      let branches = node.inputs.compactMap { $0 }.filter { values.contains($0) && graph[$0].constant == nil }
      guard Set(branches).count > 1 else { continue }
      if ["Add", "Sum", "Sub"].contains(node.opType) {
        if comesFrom(branches[0], branches[1]) || comesFrom(branches[1], branches[0]) { return .residual }
        result = .sum
      } else if node.opType == "Mul", result == .none {
        result = .gate
      }
    }
    return result
  }

  /// Whether a value is computed from another by a layer: a function that is written out, as of Gelu, is no stream.
  private func comesFrom(_ value: ValueID, _ source: ValueID) -> Bool {
    var (open, seen) = ([(value: value, layers: false)], [Set([value]), Set<ValueID>()])
    while let (next, layers) = open.popLast() {
      if next == source, layers { return true }
      guard next != source, let node = makers[next.index] else { continue }
      let hasLayers = layers || isLayer(node)
      for operand in graph[node].inputs.compactMap({ $0 }) where seen[hasLayers ? 1 : 0].insert(operand).inserted {
        open.append((operand, hasLayers))
      }
    }
    return false
  }

  private func isLayer(_ id: NodeID) -> Bool {
    let node = graph[id]
    return Self.recurrent.contains(node.opType)
      || (try? OperatorTable.make(node, opset: graph.opset(of: node))) is any LinearOperator
  }

  /// Whether a convolution in groups of several channels touches one of the values.
  private func isGrouped(_ values: Set<ValueID>) -> Bool {
    graph.nodes.indices.contains { n in
      let node = graph.nodes[n]
      let data = [node.inputs.first ?? nil] + node.outputs
      return groupSize(node) ?? 1 > 1 && data.contains { $0.map(values.contains) ?? false }
    }
  }

  /// Channels that each group of a convolution in groups reads; nil for other nodes.
  private func groupSize(_ node: Node) -> Int? {
    guard node.opType.contains("Conv"), node.groups > 1, let weight = node.inputs.dropFirst().first ?? nil,
      let shape = graph[weight].constant?.shape, shape.count > 1
    else { return nil }
    return node.opType == "ConvTranspose" ? shape[0] / Int(node.groups) : shape[1]
  }

  /// A node that units pass: its operator, convolutions by their form.
  package func passing(_ id: NodeID) -> String {
    guard let size = groupSize(graph[id]) else { return graph[id].operatorName }
    return (size == 1 ? "depthwise " : "grouped ") + graph[id].operatorName
  }

  /// Names of the linear layers in the bodies of a node, those in bodies within included.
  static func layers(inside node: Node) -> [String] {
    node.attributes.flatMap { attribute -> [String] in
      guard case .graphs(let bodies, _) = attribute.value else { return [] }
      return bodies.flatMap { body in
        body.nodes.indices.flatMap { n -> [String] in
          let inner = body.nodes[n]
          let hasWeights = inner.inputs.compactMap { $0 }.contains { (body[$0].constant?.shape.count ?? 0) > 1 }
          let rule = try? OperatorTable.make(inner, opset: body.opset(of: inner))
          return (rule is any LinearOperator && hasWeights ? [body.label(NodeID(n))] : []) + layers(inside: inner)
        }
      }
    }
  }
}

extension Node {
  /// The number of groups of a convolution.
  fileprivate var groups: Int64 {
    attributes.lazy.compactMap { attribute -> Int64? in
      if attribute.name == "group", case .int(let value) = attribute.value { value } else { nil }
    }.first ?? 1
  }
}
