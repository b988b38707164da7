import ShrinkGraph

/// Takes projections and biases out of the attention operators of com.microsoft, which hide what they multiply.
///
/// Attention becomes MatMul, Add, Split and MultiHeadAttention, whose bias becomes an Add in front of each operand. What
/// queries and keys are when they are multiplied then stands in tensors, so that their widths can shrink. `JoinAttention`
/// takes this back. Attention with a past stays.
package struct ExposeAttention: Sendable {
  /// Makes the step.
  package init() {}

  /// Rewrites the graph; returns whether anything changed.
  ///
  /// `types` are those of `Inference` for any concrete shape of the inputs.
  package func apply(to graph: inout Graph, types: [TensorType?]) throws(ShrinkError) -> Bool {
    var (constants, nodes): ([Node], [Node]) = ([], [])
    let producers = graph.producers()
    var hasChanged = false
    for node in graph.nodes {
      let new =
        switch (node.domain, node.opType) {
        case ("com.microsoft", "Attention"): Self.projected(node, types, &graph, &constants)
        case ("com.microsoft", "MultiHeadAttention"): Self.biased(node, types, producers, &graph, &constants)
        default: [Node]?.none
        }
      nodes += new ?? [node]
      hasChanged = hasChanged || new != nil
    }
    if hasChanged { graph.nodes = constants + nodes }
    return hasChanged
  }

  /// Attention as a projection and a MultiHeadAttention; nil where it is of another form.
  private static func projected(
    _ node: Node, _ types: [TensorType?], _ graph: inout Graph, _ constants: inout [Node]
  ) -> [Node]? {
    let operands = node.inputs + [ValueID?](repeating: nil, count: max(0, 7 - node.inputs.count))
    guard node.outputs.count == 1, operands[4] == nil, operands[6] == nil, let x = operands[0],
      let weight = operands[1],
      types[x.index]?.shape.count == 3, let shape = graph[weight].constant?.shape, shape.count == 2,
      let sizes = node.sizes(columns: shape[1]), fits(operands[3], x, types), node.hasOnlyCommonAttributes
    else { return nil }
    let name = graph[node.outputs[0] ?? x].name
    var value = graph.addValue(named: name + "_projected")
    var nodes = [Node("MatMul", name: node.name, inputs: [x, weight], outputs: [value])]
    if let bias = operands[2] {
      let sum = graph.addValue(named: name + "_biased")
      nodes.append(Node("Add", inputs: [value, bias], outputs: [sum]))
      value = sum
    }
    let parts = sizes.map { _ in graph.addValue(named: name + "_part") }
    nodes.append(graph.makeSplit(value, axis: 2, lengths: sizes, into: parts, nodes: &constants))
    var inputs: [ValueID?] = parts + [nil, operands[3], operands[5]]
    while inputs.last == .some(nil) { inputs.removeLast() }
    nodes.append(
      Node(
        "MultiHeadAttention", domain: node.domain, name: node.name, inputs: inputs, outputs: node.outputs,
        attributes: node.attributesOfHeads, carry: node.carry))
    return nodes
  }

  /// Whether both operators read a mask alike: one of a number for each sample, key, or query and key.
  private static func fits(_ mask: ValueID?, _ x: ValueID, _ types: [TensorType?]) -> Bool {
    guard let mask else { return true }
    guard let shape = types[mask.index]?.shape, let data = types[x.index]?.shape else { return false }
    return shape == [data[0]] || (shape == [data[0], data[1]] && data[1] > 1) || shape == [data[0], data[1], data[1]]
  }

  /// MultiHeadAttention behind an Add for each operand; nil where it has no bias that stands in the file as it is, or
  /// operands that no weights make.
  private static func biased(
    _ node: Node, _ types: [TensorType?], _ producers: [NodeID?], _ graph: inout Graph, _ constants: inout [Node]
  ) -> [Node]? {
    guard node.inputs.count > 3, let bias = node.inputs[3], let tensor = graph[bias].constant,
      tensor.dtype == .float32, graph[bias].stored == nil, tensor.rank == 1
    else { return nil }
    let operands = node.inputs[0..<3].compactMap(\.self)
    // Keys and values of four axes do not get a bias.
    let widths = operands.compactMap { value in
      types[value.index]?.shape.count == 3 ? graph.columns(of: value, producers) : nil
    }
    guard widths.count == 3, widths.reduce(0, +) == tensor.count else { return nil }
    let numbers = tensor.withElements(Float.self) { Array($0) }
    var (nodes, sums, first): ([Node], [ValueID?], Int) = ([], [], 0)
    for (operand, width) in zip(operands, widths) {
      let part = Tensor(shape: [width], Array(numbers[first..<first + width]))
      let own = graph.addOwnConstant(named: graph[bias].name + "_part", part, nodes: &constants)
      let sum = graph.addValue(named: graph[operand].name + "_biased")
      nodes.append(Node("Add", inputs: [operand, own], outputs: [sum]))
      sums.append(sum)
      first += width
    }
    var attention = node
    attention.inputs.replaceSubrange(0..<4, with: sums + [nil])
    while attention.inputs.last == .some(nil) { attention.inputs.removeLast() }
    return nodes + [attention]
  }
}

extension Graph {
  /// Columns of the weight of which a value is the product; nil for any other value.
  func columns(of value: ValueID, _ producers: [NodeID?]) -> Int? {
    guard let producer = producers[value.index], self[producer].domain.isEmpty, self[producer].opType == "MatMul",
      let weight = self[producer].inputs[1].flatMap({ self[$0].constant }), weight.rank == 2, weight.dtype == .float32
    else { return nil }
    return weight.shape[1]
  }
}

extension Node {
  /// What Attention and MultiHeadAttention both know.
  private static let common: Set = ["num_heads", "unidirectional", "scale", "mask_filter_value", "qkv_hidden_sizes"]

  /// Attributes of an Attention that MultiHeadAttention has, too: the runtime refuses any other, whatever its value.
  fileprivate var attributesOfHeads: [Attribute] {
    attributes.filter { Self.common.contains($0.name) && $0.name != "qkv_hidden_sizes" }
  }

  /// Whether it says nothing that one of the two does not know.
  fileprivate var hasOnlyCommonAttributes: Bool {
    attributes.allSatisfy { attribute in
      if Self.common.contains(attribute.name) { return true }
      if case .int(0) = attribute.value { return true }
      return false
    }
  }

  /// Columns of queries, keys and values in the weight of an Attention.
  fileprivate func sizes(columns: Int) -> [Int]? {
    guard let attribute = attributes.first(where: { $0.name == "qkv_hidden_sizes" }) else {
      return columns % 3 == 0 ? [Int](repeating: columns / 3, count: 3) : nil
    }
    guard case .ints(let list) = attribute.value else { return nil }
    if list.isEmpty { return columns % 3 == 0 ? [Int](repeating: columns / 3, count: 3) : nil }
    let sizes = list.map(Int.init)
    return sizes.count == 3 && sizes.allSatisfy { $0 > 0 && $0 <= columns } && sizes.reduce(0, +) == columns
      ? sizes : nil
  }
}
