import ShrinkGraph
import ShrinkOps

/// Folds a BatchNormalization, or the Add, Sub, Mul or Div of one constant a channel, into the Conv, ConvTranspose or Gemm
/// in front of it.
///
/// Where y = f · x + t, channel c of the producer takes
///   weight'(c) = weight(c) · f(c),   bias'(c) = bias(c) · f(c) + t(c)
/// in Float64, rounded once. Gemm's β divides what is added to its bias. Left alone: producers whose result others read,
/// constants that are not float32, weights that the file holds in a smaller form, ConvTranspose in groups.
/// Source: Ioffe, Szegedy, Batch normalization, 2015, section 3.1, at inference.
package struct FoldBatchNorm: Pass {
  package static let name = "FoldBatchNorm"
  package static let summary = "fold batch normalisation, also written out, into the weights in front of it"

  /// Makes the pass.
  package init() {}

  package func apply(to graph: inout Graph) throws(ShrinkError) -> Bool {
    let fixed = Set(graph.outputs).union(graph.captured())
    let uses = graph.uses()
    var producers = graph.producers()
    var gone = Set<NodeID>()
    var constants: [Node] = []
    for id in try graph.topologicalOrder() {
      guard let norm = ChannelAffine(graph[id], in: graph), !fixed.contains(norm.from),
        uses[norm.from.index].count == 1, let producer = producers[norm.from.index],
        let fold = Fold(graph[producer], norm, in: graph)
      else { continue }
      fold.write(to: producer, in: &graph, constants: &constants)
      producers[norm.to.index] = producer
      graph[producer].outputs = [norm.to]
      graph[id].outputs = [norm.from]
      gone.insert(id)
    }
    graph.nodes += constants
    graph.removeNodes(gone)
    graph.nodes = graph.nodes.suffix(constants.count) + graph.nodes.dropLast(constants.count)
    return !gone.isEmpty
  }
}

/// New weight and bias of a producer.
private struct Fold {
  let weight: Tensor
  let bias: Tensor

  /// Nil where the producer is no linear operator of a form that is known.
  init?(_ node: Node, _ norm: ChannelAffine, in graph: Graph) {
    guard node.domain.isEmpty, (2...3).contains(node.inputs.count), node.outputs.count == 1,
      !node.inputs.dropFirst().contains(where: { $0.flatMap { graph[$0].stored } != nil }),
      let weight = node.inputs[1].flatMap({ graph[$0].constant }), weight.dtype == .float32, weight.rank >= 2,
      let (axis, beta) = Self.form(node, opset: graph.opset),
      let (factors, shifts) = norm.channels(weight.shape[axis], rank: weight.rank)
    else { return nil }
    var old = [Double](repeating: 0, count: factors.count)
    if node.inputs.count > 2, let given = node.inputs[2] {
      guard let constant = graph[given].constant, let numbers = constant.doubles,
        numbers.count == 1 || (numbers.count == old.count && constant.shape.last == old.count)
      else { return nil }
      old = numbers.count == 1 ? old.map { _ in numbers[0] } : numbers
    }
    bias = Tensor(shape: [old.count], old.indices.map { Float(old[$0] * factors[$0] + shifts[$0] / beta) })
    self.weight = weight.scaled(factors, axis: axis)
  }

  /// Axis of the weight that its outputs stand on, and the factor that stands before the bias.
  private static func form(_ node: Node, opset: Int) -> (axis: Int, beta: Double)? {
    let attributes = Attributes(node, opset: opset)
    switch node.opType {
    case "Conv": return (0, 1)
    case "ConvTranspose": return (try? attributes.int("group", default: 1)) == 1 ? (1, 1) : nil
    case "Gemm":
      guard let transposed = try? attributes.int("transB", default: 0),
        let beta = try? attributes.float("beta", default: 1), beta != 0
      else { return nil }
      return (transposed == 0 ? 1 : 0, Double(beta))
    default: return nil
    }
  }

  /// Puts them into the producer; weights that others read are left alone and written under a new name.
  func write(to id: NodeID, in graph: inout Graph, constants: inout [Node]) {
    guard let old = graph[id].inputs[1] else { return }
    let base = graph[id].inputs.count > 2 ? graph[id].inputs[2] : nil
    graph[id].inputs[1] = graph.replaceConstant(old, by: weight, nodes: &constants)
    let newBias =
      base.map { graph.replaceConstant($0, by: bias, nodes: &constants) }
      ?? graph.addConstant(named: graph[old].name + "_bias", like: old, bias, nodes: &constants)
    graph[id].inputs = Array(graph[id].inputs.prefix(2)) + [newBias]
  }
}

extension Graph {
  /// Replaces a constant that one slot reads; one that is read elsewhere is kept and a new one added.
  fileprivate mutating func replaceConstant(_ id: ValueID, by tensor: Tensor, nodes: inout [Node]) -> ValueID {
    let readers = self.nodes.reduce(0) { $0 + $1.inputs.count { $0 == id } }
    let isRead = outputs.contains(id) || self.nodes.contains { $0.captures.contains(self[id].name) }
    let isListed = inputs.contains(id) && self[id].constant?.shape != tensor.shape
    guard readers > 1 || isRead || isListed else {
      if self[id].constant?.shape != tensor.shape { self[id].type = nil }
      self[id].constant = tensor
      return id
    }
    return addConstant(named: self[id].name + "_folded", like: id, tensor, nodes: &nodes)
  }

  /// Adds a constant in the form of another; where weights are listed among the inputs it becomes a Constant node, so
  /// that the inputs stay as they are.
  fileprivate mutating func addConstant(
    named name: String, like other: ValueID, _ tensor: Tensor, nodes: inout [Node]
  ) -> ValueID {
    let id = addValue(named: name, constant: tensor)
    if self[other].constantForm == .constantNode || inputs.contains(other) {
      self[id].constantForm = .constantNode
      nodes.append(Node("Constant", inputs: [], outputs: [id]))
    }
    return id
  }
}

extension Tensor {
  /// Each slice of an axis of a float32 tensor times its factor, rounded once.
  fileprivate func scaled(_ factors: [Double], axis: Int) -> Tensor {
    let inner = Tensor.count(Array(shape[(axis + 1)...]))
    return withElements(Float.self) { old in
      Tensor(shape: shape, Float.self) { new in
        for i in old.indices {
          new.initializeElement(at: i, to: Float(Double(old[i]) * factors[i / inner % factors.count]))
        }
      }
    }
  }
}
