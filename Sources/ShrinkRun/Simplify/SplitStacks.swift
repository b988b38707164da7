import ShrinkGraph
import ShrinkOps

/// Splits an axis of blocks in place, where a Reshape makes a stack of the blocks and each is picked from it.
///
/// Exporters write fused attention weights as [..., 3 · width] → [..., 3, width] → Transpose → one Gather each for
/// queries, keys and values. As long as these stand in one tensor, they have one width. Split cuts the same blocks
/// out, each is brought into the form in which it was picked, and their widths no longer have to do with each other.
///
/// Left alone: stacks that anything else reads, that are not picked whole, or whose form depends on sizes of inputs.
package struct SplitStacks: Sendable {
  /// Makes the step.
  package init() {}

  /// Rewrites the graph; returns whether anything changed.
  ///
  /// `types` are those of `Inference` for any concrete shape of the inputs.
  package func apply(to graph: inout Graph, types: [TensorType?]) throws(ShrinkError) -> Bool {
    let finder = StackFinder(graph, types)
    let stacks = graph.nodes.indices.compactMap { n in finder.stack(NodeID(n)).map { (n, $0) } }
    guard !stacks.isEmpty else { return false }
    let trials = SizeTrials(graph, types: types)
    guard trials.isConclusive else { return false }
    var (constants, gone, instead): ([Node], Set<Int>, [Int: [Node]]) = ([], [], [:])
    for (n, stack) in stacks {
      guard let cut = StackCut(stack, graph, trials) else { continue }
      instead[n] = cut.nodes(stack, &graph, &constants)
      gone.formUnion(stack.nodes.map(\.index))
    }
    guard !instead.isEmpty else { return false }
    graph.nodes =
      constants
      + graph.nodes.indices.flatMap { n in instead[n] ?? (gone.contains(n) ? [] : [graph.nodes[n]]) }
    return true
  }
}

/// A stack of blocks, and where each of them goes.
private struct Stack {
  /// What is reshaped, and the stack.
  let data: ValueID, result: ValueID
  let target: [Int]
  /// The axis of the stack that counts blocks.
  let axis: Int
  /// The other axes of the stack, in the order in which picks have them.
  let order: [Int]
  /// The value that each block is picked as.
  let picks: [ValueID]
  /// The nodes that make and pick.
  let nodes: [NodeID]
}

/// Follows stacks from the Reshape that makes them to the nodes that pick from them.
private struct StackFinder {
  private let graph: Graph
  private let types: [TensorType?]
  private let uses: [[Use]]
  /// Values that must be there whatever becomes of the nodes.
  private let fixed: Set<ValueID>

  init(_ graph: Graph, _ types: [TensorType?]) {
    (self.graph, self.types) = (graph, types)
    uses = graph.uses()
    fixed = graph.captured().union(graph.outputs)
  }

  /// The stack that a Reshape makes; nil where it makes none.
  func stack(_ id: NodeID) -> Stack? {
    let node = graph[id]
    guard isStandard(node, "Reshape"), node.inputs.count == 2, let data = node.inputs[0], let result = node.outputs[0],
      let target = integers(node, 1), types[data.index] != nil, types[result.index]?.shape.count == target.count,
      !(node.attributes.contains { $0.name == "allowzero" } && target.contains(0))
    else { return nil }
    // Axes of the stack as they stand in `value`; nil for those that were put in.
    var axes: [Int?] = Array(target.indices)
    var (value, nodes) = (result, [id])
    while let use = onlyUse(value), let moved = moved(axes, by: graph[use.node]) {
      guard use.slot == 0, let next = graph[use.node].outputs[0] else { return nil }
      (value, axes) = (next, moved)
      nodes.append(use.node)
    }
    guard let (place, picks, pickers) = picks(value), let axis = axes[place] else { return nil }
    let order = axes.enumerated().filter { $0.offset != place }.compactMap(\.element)
    guard order.count == target.count - 1, axes.count == target.count, target[axis] == picks.count else { return nil }
    return Stack(
      data: data, result: result, target: target, axis: axis, order: order, picks: picks, nodes: nodes + pickers)
  }

  private func isStandard(_ node: Node, _ type: String) -> Bool { node.domain.isEmpty && node.opType == type }

  private func onlyUse(_ value: ValueID) -> Use? {
    fixed.contains(value) || uses[value.index].count != 1 ? nil : uses[value.index][0]
  }

  private func integers(_ node: Node, _ slot: Int) -> [Int]? {
    slot < node.inputs.count ? node.inputs[slot].flatMap { graph[$0].constant?.integers } : nil
  }

  /// The axes that a Squeeze or Unsqueeze names, counted from 0.
  private func listed(_ node: Node, rank: Int) -> [Int]? {
    let attributes = Attributes(node, opset: graph.opset)
    guard let list = (try? attributes.ints("axes")) ?? integers(node, 1) else { return nil }
    let places = list.map { $0 < 0 ? $0 + rank : $0 }
    return places.allSatisfy { (0..<rank).contains($0) } && Set(places).count == places.count ? places : nil
  }

  /// Where axes stand behind a node that only moves them; nil for any other node.
  private func moved(_ axes: [Int?], by node: Node) -> [Int?]? {
    if isStandard(node, "Transpose") {
      let order = (try? Attributes(node, opset: graph.opset).ints("perm")) ?? axes.indices.reversed()
      guard order.count == axes.count, order.allSatisfy(axes.indices.contains) else { return nil }
      return order.map { axes[$0] }
    }
    if isStandard(node, "Unsqueeze") {
      let added = (try? Attributes(node, opset: graph.opset).ints("axes"))?.count ?? integers(node, 1)?.count ?? 0
      guard let places = listed(node, rank: axes.count + added) else { return nil }
      var rest = axes[...]
      return (0..<axes.count + added).map { places.contains($0) ? nil : rest.removeFirst() }
    }
    guard isStandard(node, "Squeeze"), let places = listed(node, rank: axes.count),
      places.allSatisfy({ axes[$0] == nil })
    else { return nil }
    return axes.indices.filter { !places.contains($0) }.map { axes[$0] }
  }

  /// The axis along which every index of a value is picked by nodes of its own, what each is picked as, and the nodes.
  private func picks(_ value: ValueID) -> (axis: Int, picks: [ValueID], nodes: [NodeID])? {
    guard let shape = types[value.index]?.shape, !fixed.contains(value) else { return nil }
    var (axis, found, nodes): (Int?, [Int: ValueID], [NodeID]) = (nil, [:], [])
    for use in uses[value.index] {
      guard use.slot == 0, let more = picks(graph[use.node], shape), axis ?? more.axis == more.axis else { return nil }
      axis = more.axis
      nodes.append(use.node)
      for (index, result) in more.results {
        var picked = result
        if !more.isDropped {
          guard let squeeze = onlyUse(result), isStandard(graph[squeeze.node], "Squeeze"),
            listed(graph[squeeze.node], rank: shape.count) == [more.axis], let value = graph[squeeze.node].outputs[0]
          else { return nil }
          nodes.append(squeeze.node)
          picked = value
        }
        guard found.updateValue(picked, forKey: index) == nil else { return nil }
      }
    }
    guard let axis, shape[axis] > 1, found.count == shape[axis] else { return nil }
    return (axis, (0..<shape[axis]).compactMap { found[$0] }, nodes)
  }

  /// Single indices that a Gather, Slice or Split picks, and whether it drops the axis.
  private func picks(
    _ node: Node, _ shape: [Int]
  ) -> (axis: Int, results: [(Int, ValueID)], isDropped: Bool)? {
    guard node.domain.isEmpty, let result = node.outputs.first ?? nil else { return nil }
    let given = node.opType == "Slice" ? integers(node, 3)?.first : nil
    guard let number = given ?? (try? Attributes(node, opset: graph.opset).int("axis", default: 0)),
      case let axis = number < 0 ? number + shape.count : number, shape.indices.contains(axis)
    else { return nil }
    let index = { (number: Int) in number < 0 ? number + shape[axis] : number }
    switch node.opType {
    case "Gather":
      guard node.inputs.count == 2, let list = node.inputs[1], graph[list].constant?.rank == 0,
        let picked = integers(node, 1)?.first, (0..<shape[axis]).contains(index(picked))
      else { return nil }
      return (axis, [(index(picked), result)], true)
    case "Slice":
      guard let from = integers(node, 1), let to = integers(node, 2), from.count == 1, to.count == 1,
        integers(node, 3)?.count == 1, node.inputs.count < 5 || integers(node, 4) == [1],
        (0..<shape[axis]).contains(index(from[0])), min(index(to[0]), shape[axis]) == index(from[0]) + 1
      else { return nil }
      return (axis, [(index(from[0]), result)], false)
    case "Split":
      let parts = node.outputs.compactMap(\.self)
      guard parts.count == node.outputs.count, parts.count == shape[axis],
        parts.allSatisfy({ types[$0.index]?.shape[axis] == 1 })
      else { return nil }
      return (axis, Array(parts.enumerated().map { ($0.offset, $0.element) }), false)
    default: return nil
    }
  }
}

/// How blocks are cut out of the axis that holds them.
private struct StackCut {
  /// The axis of the blocks in what is reshaped, and the length of each.
  private let axis: Int, length: Int
  /// The target that gives a block the form that it had in the stack; nil where it has it.
  private let target: [Int]?
  /// The order of axes that picks have; nil where it is that of the block.
  private let order: [Int]?

  /// Nil where one axis does not hold all blocks one behind the other, for inputs of every size.
  init?(_ stack: Stack, _ graph: Graph, _ trials: SizeTrials) {
    guard let data = trials.shapes(stack.data), let stacked = trials.shapes(stack.result) else { return nil }
    let count = stack.picks.count
    let runs = Regrouping.runs(data[0], stacked[0])
    guard let run = runs.first(where: { $0.to.contains(stack.axis) }), run.from.count == 1, run.to[0] == stack.axis
    else {
      return nil
    }
    (axis, length) = (run.from[0], data[0][run.from[0]] / count)
    let (axis, length, target) = (axis, length, stack.target)
    for (x, y) in zip(data, stacked) {
      guard x[axis] == count * length, y[stack.axis] == count,
        Tensor.count(Array(x[..<axis])) == Tensor.count(Array(y[..<stack.axis]))
      else { return nil }
    }
    var blocks = data
    for trial in blocks.indices { blocks[trial][axis] = length }
    let wanted = stacked.map { shape in shape.indices.filter { $0 != stack.axis }.map { shape[$0] } }
    var sizes: [Int] = []
    for (place, from) in target.indices.filter({ $0 != stack.axis }).enumerated() {
      let copies = place < blocks[0].count && zip(blocks, wanted).allSatisfy { $0[place] == $1[place] }
      guard target[from] != 0 || copies else { return nil }
      sizes.append(target[from])
    }
    self.target = blocks == wanted ? nil : sizes
    let order = stack.order.map { $0 < stack.axis ? $0 : $0 - 1 }
    self.order = order == Array(order.indices) ? nil : order
  }

  /// The nodes that cut and bring into form; constants that stand in nodes are put into `constants`.
  func nodes(_ stack: Stack, _ graph: inout Graph, _ constants: inout [Node]) -> [Node] {
    let name = graph[stack.data].name
    let isWhole = target == nil && order == nil
    let parts = stack.picks.map { isWhole ? $0 : graph.addValue(named: name + "_part") }
    let lengths = stack.picks.map { _ in length }
    var result = [graph.makeSplit(stack.data, axis: axis, lengths: lengths, into: parts, nodes: &constants)]
    guard !isWhole else { return result }
    for (part, pick) in zip(parts, stack.picks) {
      var value = part
      if let target {
        let tensor = Tensor(shape: [target.count], target.map(Int64.init))
        let sizes = graph.addOwnConstant(named: name + "_form", tensor, nodes: &constants)
        let formed = order == nil ? pick : graph.addValue(named: name + "_part")
        result.append(Node("Reshape", inputs: [value, sizes], outputs: [formed]))
        value = formed
      }
      guard let order else { continue }
      let moved = Attribute("perm", .ints(order.map(Int64.init)))
      result.append(Node("Transpose", inputs: [value], outputs: [pick], attributes: [moved]))
    }
    return result
  }
}
