import ShrinkGraph
import ShrinkOps

/// Puts biases and projections back into the attention operators of com.microsoft: the inverse of `ExposeAttention`.
///
/// A MultiHeadAttention whose three operands are sums with vectors takes these as its bias; one whose operands are the
/// parts of one product with a weight becomes an Attention.
package struct JoinAttention: Pass {
  package static let name = "JoinAttention"
  package static let summary = "put biases and projections into attention operators"

  /// Makes the pass.
  package init() {}

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let chain = Chain(graph)
    var gone = Set<NodeID>()
    var constants: [Node] = []
    for id in graph.nodes.indices.map({ NodeID($0) }) where graph[id].isOfHeads {
      if let (node, more) = chain.projected(graph[id], in: graph) {
        graph[id] = node
        gone.formUnion(more)
      } else if let (operands, parts, more) = chain.biased(graph[id], in: graph) {
        let numbers = parts.flatMap { graph[$0].constant?.withElements(Float.self) { Array($0) } ?? [] }
        let tensor = Tensor(shape: [numbers.count], numbers)
        let bias = graph.addOwnConstant(named: graph[parts[0]].name, tensor, nodes: &constants)
        var inputs = graph[id].inputs
        if inputs.count < 4 { inputs.append(nil) }
        inputs.replaceSubrange(0..<4, with: operands + [bias])
        graph[id].inputs = inputs
        gone.formUnion(more)
      }
    }
    guard !gone.isEmpty else { return false }
    graph.removeNodes(gone)
    graph.nodes = constants + graph.nodes
    return true
  }
}

extension Node {
  /// Whether it is a MultiHeadAttention without a bias.
  fileprivate var isOfHeads: Bool {
    domain == "com.microsoft" && opType == "MultiHeadAttention" && inputs.count >= 3
      && (inputs.count < 4 || inputs[3] == nil)
  }
}

/// Looks for what stands in front of an attention and serves nothing else.
private struct Chain {
  private let uses: [[Use]]
  private let producers: [NodeID?]
  private let fixed: Set<ValueID>

  init(_ graph: Graph) {
    uses = graph.uses()
    producers = graph.producers()
    fixed = graph.captured().union(graph.outputs)
  }

  /// The node that makes a value for one reader only.
  private func maker(_ value: ValueID?, _ type: String, in graph: Graph) -> NodeID? {
    guard let value, uses[value.index].count == 1, !fixed.contains(value), let id = producers[value.index],
      graph[id].domain.isEmpty, graph[id].opType == type
    else { return nil }
    return id
  }

  /// The operands of an Add of a vector that nothing changes.
  private func sum(_ id: NodeID, in graph: Graph) -> (data: ValueID, vector: ValueID)? {
    guard graph[id].inputs.count == 2, let a = graph[id].inputs[0], let b = graph[id].inputs[1] else { return nil }
    let isVector = { (value: ValueID) in
      graph[value].constant.map { $0.rank == 1 && $0.dtype == .float32 } ?? false
    }
    if isVector(b), graph[a].constant == nil { return (a, b) }
    return isVector(a) && graph[b].constant == nil ? (b, a) : nil
  }

  /// Operands without their sums, the vectors, and the nodes that add them.
  func biased(_ node: Node, in graph: Graph) -> (operands: [ValueID?], vectors: [ValueID], gone: [NodeID])? {
    let adds = node.inputs[0..<3].compactMap { maker($0, "Add", in: graph) }
    guard adds.count == 3 else { return nil }
    let sums = adds.compactMap { sum($0, in: graph) }
    let fits = sums.allSatisfy {
      graph.columns(of: $0.data, producers) == graph[$0.vector].constant?.count && graph[$0.vector].stored == nil
    }
    guard sums.count == 3, fits, takesBias(node, sums.map(\.data), in: graph) else { return nil }
    return (sums.map(\.data), sums.map(\.vector), adds)
  }

  /// Whether products that are keys have three axes: a bias is not added to those of [batch, heads, keys, width].
  ///
  /// These are narrower than queries by the number of heads; those of a single head are told by what the products read.
  private func takesBias(_ node: Node, _ products: [ValueID], in graph: Graph) -> Bool {
    let data = products.map { producers[$0.index].flatMap { graph[$0].inputs[0] } }
    let columns = products.map { graph.columns(of: $0, producers) }
    let heads = (try? Attributes(node, opset: 1).int("num_heads")) ?? 1
    return heads > 1 ? columns[0] == columns[1] : data[0] != nil && data[0] == data[1]
  }

  /// The Attention that comes to the same, and the nodes that it stands for.
  func projected(_ node: Node, in graph: Graph) -> (node: Node, gone: [NodeID])? {
    guard node.outputs.count == 1, node.inputs.count <= 6, let first = node.inputs[0],
      let split = producers[first.index],
      graph[split].domain.isEmpty, graph[split].opType == "Split", graph[split].outputs == Array(node.inputs[0..<3]),
      node.inputs[0..<3].allSatisfy({ maker($0, "Split", in: graph) != nil }),
      let lengths = graph[split].lengths(in: graph), graph[split].isAlongLast
    else { return nil }
    var (value, gone, bias): (ValueID?, [NodeID], ValueID?) = (graph[split].inputs[0], [split], nil)
    if let add = maker(value, "Add", in: graph), let (data, vector) = sum(add, in: graph) {
      guard graph[vector].constant?.count == lengths.reduce(0, +) else { return nil }
      (value, bias) = (data, vector)
      gone.append(add)
    }
    guard let product = maker(value, "MatMul", in: graph), let x = graph[product].inputs[0],
      let weight = graph[product].inputs[1], graph[x].constant == nil, let shape = graph[weight].constant?.shape,
      shape.count == 2, shape[1] == lengths.reduce(0, +)
    else { return nil }
    var attention = node
    attention.opType = "Attention"
    attention.inputs = [x, weight, bias] + [4, 5].map { $0 < node.inputs.count ? node.inputs[$0] : nil }
    attention.inputs.insert(nil, at: 4)
    while attention.inputs.last == .some(nil) { attention.inputs.removeLast() }
    if Set(lengths).count > 1 {
      attention.attributes.append(Attribute("qkv_hidden_sizes", .ints(lengths.map(Int64.init))))
    }
    return (attention, gone + [product])
  }
}

extension Node {
  /// The lengths of the three parts of a Split; queries and keys must be as long as each other.
  fileprivate func lengths(in graph: Graph) -> [Int]? {
    var list: [Int]?
    if inputs.count > 1 {
      list = inputs[1].flatMap { graph[$0].constant?.integers }
    } else if case .ints(let lengths) = attributes.first(where: { $0.name == "split" })?.value {
      list = lengths.map(Int.init)
    }
    guard let list, list.count == 3, list[0] == list[1] else { return nil }
    return list
  }

  /// Whether a Split cuts the last of three axes.
  fileprivate var isAlongLast: Bool {
    if case .int(let axis) = attributes.first(where: { $0.name == "axis" })?.value {
      axis == 2 || axis == -1
    } else {
      false
    }
  }
}
