import ShrinkGraph
import ShrinkOps

/// The nodes and constants by which a file holds a weight, to be computed, cut and given other numbers.
struct FormBody {
  private(set) var graph: Graph
  private let rules: [any Operator]
  /// All values, computed.
  private var tensors: [ValueID: Tensor] = [:]

  /// Throws for operators without a kernel.
  init(_ graph: Graph) throws(OperatorError) {
    self.graph = graph
    var rules: [any Operator] = []
    for node in graph.nodes { rules.append(try OperatorTable.make(node, opset: graph.opset(of: node))) }
    self.rules = rules
    try compute()
  }

  /// What the nodes compute.
  var result: Tensor? { graph.outputs.first.flatMap { tensors[$0] } }

  /// Bytes of its constants.
  var byteCount: Int { graph.values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) } }

  /// The constant at the end of the first operands: the weight itself.
  var weight: Value? { path.last.flatMap { graph.nodes[$0].inputs.first ?? nil }.map { graph[$0] } }

  /// Nodes from the result to the weight.
  private var path: [Int] {
    var steps: [Int] = []
    var at = graph.outputs.first
    for n in graph.nodes.indices.reversed() where at != nil && graph.nodes[n].outputs.first == at {
      steps.append(n)
      at = graph.nodes[n].inputs.first ?? nil
    }
    return steps
  }

  /// Operators from the weight to the result.
  var operators: [String] { path.reversed().map { graph.nodes[$0].opType } }

  private mutating func compute() throws(OperatorError) {
    tensors = [:]
    for v in graph.values.indices { tensors[ValueID(v)] = graph.values[v].constant }
    for (n, rule) in rules.enumerated() {
      let results = try rule.run(operands(n))
      for (value, tensor) in zip(graph.nodes[n].outputs, results) { if let value { tensors[value] = tensor } }
    }
  }

  private func operands(_ n: Int) -> Operands<Tensor> {
    Operands(graph.nodes[n].inputs.map { $0.flatMap { tensors[$0] } })
  }

  /// Cuts the constants so that these indices of each axis of the result are left (nil for all), as far as the coupling
  /// rules of the nodes tell how.
  mutating func cut(_ kept: [[Int]?]) throws(OperatorError) {
    guard let output = graph.outputs.first else { return }
    var left: [ValueID: [[Int]?]] = [output: kept]
    for n in graph.nodes.indices.reversed() {
      let node = graph.nodes[n]
      guard let result = node.outputs.first ?? nil, let wanted = left[result] else { continue }
      let types = Operands(operands(n).items.map { $0.map(TensorType.init(constant:)) })
      var coupling = Coupling(inputs: types, outputs: try rules[n].infer(types))
      rules[n].couple(&coupling)
      for tie in coupling.ties where tie.firstA == 0 && tie.firstB == 0 {
        let (from, to) = tie.a.isOutput ? (tie.a, tie.b) : (tie.b, tie.a)
        guard from.isOutput, !to.isOutput, from.slot == 0, tie.count == coupling.size(from),
          tie.count == coupling.size(to), let value = node.inputs[to.slot], let rank = tensors[value]?.rank
        else { continue }
        var own = left[value] ?? [[Int]?](repeating: nil, count: rank)
        own[to.axis] = wanted[from.axis]
        left[value] = own
      }
    }
    for (value, axes) in left {
      for (axis, indices) in axes.enumerated() {
        guard let indices, let constant = graph[value].constant else { continue }
        graph[value].constant = try StoredElements.keeping(indices, axis: axis, of: constant)
      }
    }
    try compute()
  }

  /// Gives the constants numbers from which the nodes compute `wanted`, as nearly as the types allow; false, and nothing
  /// changed, where they cannot.
  mutating func store(_ wanted: Tensor) throws(OperatorError) -> Bool {
    var new = self
    var wanted = wanted
    for n in path {
      guard let rule = rules[n] as? any StorageOperator,
        let operands = try rule.operands(for: wanted, like: operands(n))
      else { return false }
      for (slot, tensor) in operands.items.enumerated() {
        guard let tensor, let value = graph.nodes[n].inputs[slot], slot > 0 || n == path.last else { continue }
        if tensor == tensors[value] { continue }
        guard new.graph[value].constant != nil else { return false }
        new.graph[value].constant = tensor
      }
      wanted = operands[0]
    }
    guard !path.isEmpty, path.count == graph.nodes.count else { return false }
    try new.compute()
    self = new
    return true
  }
}
