import ShrinkGraph
import ShrinkOps

/// Reshape, Transpose, Reshape that only put the indices of one axis into another order: channel shuffles.
///
/// They are recognised where that holds for inputs of every size (`AxisSizes`), and can be written as a Gather of a list. A
/// list can lose any entry, whereas what is left of a Reshape must be a product of sizes again.
package struct ChannelShuffles: Sendable {
  /// One of them.
  package struct Shuffle: Sendable, Equatable {
    /// The second Reshape.
    package let node: NodeID
    /// What the first one reads, and the axis whose indices change places.
    package let data: ValueID, axis: Int
    /// The index that comes to each place.
    package let order: [Int]
  }

  /// All of a graph, in the order of its nodes.
  package let all: [Shuffle]

  /// Finds them; `types` are those of `Inference` for any concrete shape of the inputs.
  package init(_ graph: Graph, types: [TensorType?]) throws(ShrinkError) {
    let chains = Self.chains(graph)
    let trials = chains.isEmpty ? nil : SizeTrials(graph, types: types)
    guard let trials, trials.isConclusive else {
      all = []
      return
    }
    var sizes = AxisSizes(trials, types: types)
    let origins = try ElementOrigins(graph, types: types) { sizes.fixed($0) }
    sizes.uniteAll(graph, types, origins)
    all = chains.compactMap { Self.shuffle($0, graph, types, sizes) }
  }

  /// The graph with some of its shuffles written as lists.
  package func gathered(_ shuffles: [Shuffle], in graph: Graph) throws(ShrinkError) -> Graph {
    var (result, nodes) = (graph, [Node]())
    for shuffle in shuffles {
      let node = graph[shuffle.node]
      let name = node.outputs[0].map { graph[$0].name } ?? node.name
      let list = Tensor(shape: [shuffle.order.count], shuffle.order.map { Int32($0) })
      let order = result.addOwnConstant(named: name + "_order", list, nodes: &nodes)
      result[shuffle.node].opType = "Gather"
      result[shuffle.node].attributes = [Attribute("axis", .int(Int64(shuffle.axis)))]
      result[shuffle.node].inputs = [shuffle.data, order]
    }
    result.nodes = nodes + result.nodes
    _ = try DropDead().apply(to: &result)
    return result
  }

  /// Reshape, Transpose, Reshape behind each other, the last one first.
  private struct Chain {
    let back: NodeID, transpose: NodeID, split: NodeID
  }

  private static func chains(_ graph: Graph) -> [Chain] {
    let producers = graph.producers()
    func producer(of node: NodeID, _ type: String) -> NodeID? {
      guard let data = graph[node].inputs.first ?? nil, let found = producers[data.index],
        graph[found].domain.isEmpty, graph[found].opType == type
      else { return nil }
      return found
    }
    return graph.nodes.indices.map { NodeID($0) }.compactMap { back in
      guard graph[back].domain.isEmpty, graph[back].opType == "Reshape",
        let transpose = producer(of: back, "Transpose"), let split = producer(of: transpose, "Reshape")
      else { return nil }
      return Chain(back: back, transpose: transpose, split: split)
    }
  }

  private static func shuffle(_ chain: Chain, _ graph: Graph, _ types: [TensorType?], _ sizes: AxisSizes) -> Shuffle? {
    guard let data = graph[chain.split].inputs.first ?? nil, let parts = graph[chain.split].outputs.first ?? nil,
      let result = graph[chain.back].outputs.first ?? nil, let shape = types[data.index]?.shape,
      let inner = types[parts.index]?.shape, types[result.index]?.shape == shape, inner.count > shape.count,
      let perm = try? Attributes(graph[chain.transpose], opset: graph.opset).ints("perm"), perm.count == inner.count
    else { return nil }
    func areEqual(_ a: AxisPlace, _ b: AxisPlace) -> Bool {
      sizes.areEqual(a, b) || sizes.fixed(a).map { $0 == sizes.fixed(b) } ?? false
    }
    let more = inner.count - shape.count
    for axis in shape.indices {
      let factors = axis...axis + more
      let others = shape.indices.filter { $0 != axis }
      let isKept = others.allSatisfy { other in
        let own = other < axis ? other : other + more
        return perm[own] == own && areEqual(AxisPlace(data, other), AxisPlace(parts, own))
          && areEqual(AxisPlace(data, other), AxisPlace(result, other))
      }
      guard isKept, shape[axis] > 1, inner[factors].product == shape[axis], shape[axis] <= Int(Int32.max),
        ([AxisPlace(data, axis), AxisPlace(result, axis)] + factors.map { AxisPlace(parts, $0) }).allSatisfy({
          sizes.fixed($0) != nil
        })
      else { continue }
      return Shuffle(
        node: chain.back, data: data, axis: axis, order: order(Array(inner[factors]), perm[factors].map { $0 - axis }))
    }
    return nil
  }

  /// The index that comes to each place when an axis is a product of factors that change places.
  private static func order(_ factors: [Int], _ perm: [Int]) -> [Int] {
    var steps = [Int](repeating: 1, count: factors.count)
    for i in factors.indices.dropLast().reversed() { steps[i] = steps[i + 1] * factors[i + 1] }
    return perm.reduce([0]) { list, factor in
      list.flatMap { start in (0..<factors[factor]).map { start + $0 * steps[factor] } }
    }
  }
}
