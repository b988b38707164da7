import ShrinkGraph
import ShrinkOps

/// Writes an Einsum of two operands as MatMul, with Transpose and Reshape around it where they are needed.
///
/// What stands on one axis for MatMul (heads × width) stands on several for Einsum, and in any order. As a MatMul a product
/// with a weight is a layer like any other, and one of two activations a pair whose sum can be followed.
///
/// Left alone: products with a weight in which axes of the weight count samples, sums over an axis of one operand,
/// letters that stand twice in an operand, and products that have the form of matrices.
package struct PlainEinsum: Sendable {
  /// Makes the step.
  package init() {}

  /// Rewrites the graph; returns whether anything changed.
  ///
  /// `types` are those of `Inference` for any concrete shape of the inputs.
  package func apply(to graph: inout Graph, types: [TensorType?]) throws(ShrinkError) -> Bool {
    guard graph.nodes.contains(where: { $0.domain.isEmpty && $0.opType == "Einsum" }) else { return false }
    var writer = EinsumWriter(graph, types)
    var hasChanged = false
    for node in graph.nodes {
      let isChanged = node.domain.isEmpty && node.opType == "Einsum" && writer.write(node)
      if !isChanged { writer.nodes.append(node) }
      hasChanged = hasChanged || isChanged
    }
    guard hasChanged else { return false }
    graph = writer.graph
    graph.nodes = writer.constants + writer.nodes
    return true
  }
}

/// Writes Einsum nodes of a graph.
private struct EinsumWriter {
  private(set) var graph: Graph
  private let types: [TensorType?]
  private let uses: [[Use]]
  /// What has been written so far, and the constants of it that are nodes.
  var nodes: [Node] = []
  private(set) var constants: [Node] = []
  /// Weights in the order in which MatMul reads them.
  private var matrices: [Matrix: ValueID] = [:]

  private struct Matrix: Hashable {
    let weight: ValueID
    let order: [Int]
    let rows: Int
  }

  init(_ graph: Graph, _ types: [TensorType?]) {
    (self.graph, self.types) = (graph, types)
    uses = graph.uses()
  }

  /// Writes a node in another form; false where it stays.
  mutating func write(_ node: Node) -> Bool {
    guard node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1], let y = node.outputs[0],
      let x = types[a.index], let w = types[b.index], x.dtype == .float32, w.dtype == .float32,
      let equation = try? Attributes(node, opset: graph.opset).string("equation"),
      let read = try? EinsumEquation(equation, ranks: [x.shape.count, w.shape.count]),
      read.operands.allSatisfy({ Set($0).count == $0.count })
    else { return false }
    let product = Product(read.operands[0], x.shape, read.operands[1], w.shape, read.result)
    guard let product else { return false }
    switch (graph[a].constant == nil, graph[b].constant == nil) {
    case (true, false): return layer(product, a, b, to: y, node)
    case (false, true): return layer(product.swapped, b, a, to: y, node)
    case (true, true): return pair(product, a, b, to: y, node)
    default: return false
    }
  }

  /// A product with a weight: [rows…, summed…] × [summed…, columns…].
  private mutating func layer(_ p: Product, _ data: ValueID, _ weight: ValueID, to y: ValueID, _ node: Node) -> Bool {
    guard p.batch.isEmpty, !p.rows.isEmpty, !p.columns.isEmpty, graph[weight].stored == nil,
      let tensor = graph[weight].constant, isAlike(uses[weight.index], node),
      let matrix = matrix(tensor, weight, p)
    else { return false }
    var value = moved(data, p.left, to: p.rows + p.summed)
    if p.summed.count > 1 {
      value = reshaped(value, p.rows.map { _ in 0 } + [p.summed.map(p.size).reduce(1, *)])
    }
    let isPlain = p.columns.count == 1 && p.result == p.rows + p.columns
    let made = isPlain ? y : graph.addValue(named: graph[y].name + "_product")
    nodes.append(Node("MatMul", name: node.name, inputs: [value, matrix], outputs: [made], carry: node.carry))
    guard !isPlain else { return true }
    value = made
    let isInOrder = p.result == p.rows + p.columns
    if p.columns.count > 1 {
      value = reshaped(value, p.rows.map { _ in 0 } + p.columns.map(p.size), to: isInOrder ? y : nil)
    }
    if !isInOrder { value = moved(value, p.rows + p.columns, to: p.result, as: y) }
    return true
  }

  /// Whether all nodes that read a weight read it alike, so that no other form of it stays.
  private func isAlike(_ users: [Use], _ node: Node) -> Bool {
    let equation = { (node: Node) in try? Attributes(node, opset: graph.opset).string("equation") }
    return users.allSatisfy { use in
      let other = graph[use.node]
      return other.domain.isEmpty && other.opType == "Einsum" && other.inputs.count == 2
        && other.inputs[use.slot] == node.inputs[use.slot] && equation(other) == equation(node)
    }
  }

  private mutating func matrix(_ tensor: Tensor, _ weight: ValueID, _ p: Product) -> ValueID? {
    let order = (p.summed + p.columns).compactMap { p.right.firstIndex(of: $0) }
    let key = Matrix(weight: weight, order: order, rows: p.summed.count)
    if let known = matrices[key] { return known }
    let shape = [p.summed, p.columns].map { $0.map(p.size).reduce(1, *) }
    let move = Attributes("Transpose", opset: 13, ["perm": .ints(order.map(Int64.init))])
    guard let turned = try? Transpose(move).run(Operands([tensor])).first else { return nil }
    let own = graph.addOwnConstant(
      named: graph[weight].name, turned.reshaped(shape), nodes: &constants)
    matrices[key] = own
    return own
  }

  /// A product of two activations: [batch…, row, summed] × [batch…, summed, column].
  private mutating func pair(_ p: Product, _ a: ValueID, _ b: ValueID, to y: ValueID, _ node: Node) -> Bool {
    let isOfMatrices =
      p.left.dropLast(2) == p.right.dropLast(2) && Set(p.left.suffix(2)).contains(p.summed[0])
      && Set(p.right.suffix(2)).contains(p.summed[0])
    guard p.rows.count == 1, p.columns.count == 1, p.summed.count == 1, !isOfMatrices else { return false }
    let left = moved(a, p.left, to: p.batch + p.rows + p.summed)
    let right = moved(b, p.right, to: p.batch + p.summed + p.columns)
    let labels = p.batch + p.rows + p.columns
    let made = labels == p.result ? y : graph.addValue(named: graph[y].name + "_product")
    nodes.append(Node("MatMul", name: node.name, inputs: [left, right], outputs: [made], carry: node.carry))
    if labels != p.result { _ = moved(made, labels, to: p.result, as: y) }
    return true
  }

  /// The value with its axes in another order.
  private mutating func moved(_ value: ValueID, _ from: [Int], to labels: [Int], as result: ValueID? = nil) -> ValueID {
    guard from != labels else { return value }
    let order = labels.compactMap { label in from.firstIndex(of: label).map { Int64($0) } }
    let made = result ?? graph.addValue(named: graph[value].name + "_moved")
    nodes.append(
      Node("Transpose", inputs: [value], outputs: [made], attributes: [Attribute("perm", .ints(order))]))
    return made
  }

  private mutating func reshaped(_ value: ValueID, _ target: [Int], to result: ValueID? = nil) -> ValueID {
    let tensor = Tensor(shape: [target.count], target.map(Int64.init))
    let sizes = graph.addOwnConstant(named: graph[value].name + "_form", tensor, nodes: &constants)
    let made = result ?? graph.addValue(named: graph[value].name + "_formed")
    nodes.append(Node("Reshape", inputs: [value, sizes], outputs: [made]))
    return made
  }
}

/// The labels of an Einsum of two operands by what they are in a product of matrices.
private struct Product {
  let left: [Int], right: [Int], result: [Int]
  /// In both operands and the result, in that of the left one, in that of the right one, summed over.
  let batch: [Int], rows: [Int], columns: [Int], summed: [Int]
  private let sizes: [Int: Int]

  /// Nil where it is no such product, or repeats an axis.
  init?(_ left: [Int], _ x: [Int], _ right: [Int], _ w: [Int], _ result: [Int]) {
    (self.left, self.right, self.result) = (left, right, result)
    batch = result.filter { left.contains($0) && right.contains($0) }
    rows = result.filter { left.contains($0) && !right.contains($0) }
    columns = result.filter { right.contains($0) && !left.contains($0) }
    summed = left.filter { right.contains($0) && !result.contains($0) }
    let sizes = Dictionary(zip(left, x), uniquingKeysWith: { first, _ in first })
    let others = Dictionary(zip(right, w), uniquingKeysWith: { first, _ in first })
    guard batch.count + rows.count + summed.count == left.count, !summed.isEmpty,
      batch.count + columns.count + summed.count == right.count,
      summed.allSatisfy({ sizes[$0] == others[$0] && sizes[$0] ?? 0 > 1 })
    else { return nil }
    self.sizes = sizes.merging(others) { max($0, $1) }
  }

  private init(_ left: [Int], _ right: [Int], _ p: Product) {
    (self.left, self.right, result, batch, summed) = (left, right, p.result, p.batch, p.summed)
    (rows, columns, sizes) = (p.columns, p.rows, p.sizes)
  }

  /// The same with the operands in the other order.
  var swapped: Product { Product(right, left, self) }

  /// Length of the axes of a label.
  func size(_ label: Int) -> Int { sizes[label] ?? 1 }
}
