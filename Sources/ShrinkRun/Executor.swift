import ShrinkGraph
import ShrinkMath
import ShrinkOps
import Synchronization

/// Runs the part of a graph that some values need, on one batch at a time.
///
/// Results are dropped right after their last reader (MemoryPlan). Runs node by node may overlap; those of a compiled form
/// wait for each other.
package final class Executor: Sendable {
  /// Nodes in the order in which they run: only what `wanted` needs, without Constant nodes.
  package let steps: [NodeID]
  /// The values that a run returns.
  package let wanted: [ValueID]
  /// Real inputs that a run reads, in the order of the graph.
  package let needed: [ValueID]
  /// Values that a graph in an attribute reads from around it.
  let captured: [ValueID]
  /// When values are dropped.
  package let plan: MemoryPlan
  private let graph: Graph
  private let operations: [NodeID: any Operator]
  /// Compiled forms by the shapes of the feeds; nil where there is none.
  private let programs = Mutex<[(key: [[Int]], part: CompiledPart?)]>([])
  /// Batches come in one size, and a smaller one at the end.
  private static let mostPrograms = 4
  private let captureIndex: [String: ValueID]
  private let isBody: Bool
  /// Whether its operators are those of the table, so that a compiled form computes the same.
  private let compiles: Bool

  /// Prepares the operators in front of `wanted`; all graph outputs when nil.
  ///
  /// Throws the operator's error, naming the node, when one on that path has no kernel or malformed attributes.
  package convenience init(_ graph: Graph, wanted: [ValueID]? = nil) throws(ShrinkError) {
    try self.init(graph, wanted ?? graph.outputs, isBody: false, compiles: true, OperatorTable.make)
  }

  /// The same with other operators.
  package convenience init(
    _ graph: Graph, wanted: [ValueID]? = nil, make: @escaping OperatorMaker
  ) throws(ShrinkError) {
    try self.init(graph, wanted ?? graph.outputs, isBody: false, compiles: false, make)
  }

  /// Prepares a graph in an attribute, which may read values from around it: `captured`.
  convenience init(body: Graph, make: @escaping OperatorMaker) throws(ShrinkError) {
    try self.init(body, body.outputs, isBody: true, compiles: false, make)
  }

  private init(
    _ graph: Graph, _ wanted: [ValueID], isBody: Bool, compiles: Bool, _ make: @escaping OperatorMaker
  ) throws(ShrinkError) {
    let path = try Self.path(graph, to: wanted, isBody: isBody)
    try Self.checkTensors(graph, isBody ? graph.inputs + graph.outputs : Array(path.fed.sorted()) + wanted)
    var operations: [NodeID: any Operator] = [:]
    for step in path.steps {
      let prepare = { (node: Node) throws(OperatorError) in
        try Subgraphs.operation(node, opset: graph.opset(of: node), isRun: true, make: make)
      }
      do throws(OperatorError) { operations[step] = try prepare(graph[step]) } catch {
        throw error.at(step, of: graph, isBody: isBody, operations: prepare)
      }
    }
    self.graph = graph
    self.isBody = isBody
    self.compiles = compiles
    captureIndex = graph.captureIndex()
    captured = path.captured.sorted()
    self.wanted = wanted
    self.operations = operations
    steps = path.steps
    needed = graph.inputs.filter(path.fed.contains)
    plan = MemoryPlan(graph, steps: path.steps, wanted: wanted)
  }

  /// The operator of a step.
  func operation(of step: NodeID) -> (any Operator)? { operations[step] }

  /// Runs one batch and returns the wanted values.
  ///
  /// `feeds` holds a tensor for every needed input.  Throws `badData` naming input, expected and found, and what
  /// kernels throw, naming the node.
  package func run(_ feeds: [ValueID: Tensor]) throws(ShrinkError) -> [ValueID: Tensor] {
    guard compiles else { return try run(feeds) { (_, _, _) throws(ShrinkError) in } }
    var given: [ValueID: Tensor] = [:]
    for input in needed { given[input] = try checked(feeds[input], for: graph[input]) }
    // What is not a number is passed on by the kernels alone.
    guard given.values.allSatisfy(\.isFinite), let compiled = compiled(for: given) else {
      return try run(feeds) { (_, _, _) throws(ShrinkError) in }
    }
    let values = try compiled.program.run(given)
    if compiled.rest.isEmpty { return values }
    var live = graph.values.map(\.constant)
    for (value, tensor) in given.merging(values, uniquingKeysWith: { $1 }) { live[value.index] = tensor }
    return try run(compiled.rest, &live) { (_, _, _) throws(ShrinkError) in }
  }

  /// What a pass over feeds of these shapes takes when it is compiled, and how long its parts took; nil when it cannot
  /// be compiled.
  package func profile(
    _ feeds: [ValueID: Tensor], observe: @escaping (String, Double) -> Void
  ) throws(ShrinkError) -> (arena: Int, packed: Int)? {
    guard compiles, let compiled = compiled(for: feeds) else { return nil }
    _ = try compiled.program.run(feeds, observe: observe)
    return (compiled.program.plannedBytes, compiled.program.packedBytes)
  }

  private func compiled(for feeds: [ValueID: Tensor]) -> CompiledPart? {
    let key = needed.map { feeds[$0]?.shape ?? [] } + [[Threads.count]]
    return programs.withLock { programs in
      if let known = programs.first(where: { $0.key == key }) { return known.part }
      let types = feeds.mapValues { TensorType($0.dtype, $0.shape) }
      let part = (try? Inference(graph, inputs: types)).flatMap { inferred in
        CompiledPart(
          graph, steps: steps, operations: operations, inputs: types, wanted: wanted, types: inferred.types)
      }
      if programs.count >= Self.mostPrograms { programs.removeFirst() }
      programs.append((key, part))
      return part
    }
  }

  /// The same, calling `visit` with the operands and results of each step right after it.
  package func run(
    _ feeds: [ValueID: Tensor], visit: (NodeID, Operands<Tensor>, [Tensor]) throws(ShrinkError) -> Void
  ) throws(ShrinkError) -> [ValueID: Tensor] {
    var live = graph.values.map(\.constant)
    for input in needed { live[input.index] = try checked(feeds[input], for: graph[input]) }
    for value in captured { live[value.index] = feeds[value] }
    return try run(Array(steps.indices), &live, visit: visit)
  }

  /// Runs the steps at some positions on the values that are there.
  private func run(
    _ positions: [Int], _ live: inout [Tensor?],
    visit: (NodeID, Operands<Tensor>, [Tensor]) throws(ShrinkError) -> Void
  ) throws(ShrinkError) -> [ValueID: Tensor] {
    for position in positions {
      let step = steps[position]
      let node = graph[step]
      let operands = Operands(graph.operands(of: node, captureIndex).map { $0.flatMap { live[$0.index] } })
      let results = try apply(step, operands)
      try visit(step, operands, results)
      for (output, result) in zip(node.outputs, results) { if let output { live[output.index] = result } }
      for gone in plan.releases[position] { live[gone.index] = nil }
    }
    var values: [ValueID: Tensor] = [:]
    for id in wanted { values[id] = live[id.index] }
    return values
  }

  /// Runs one step on operands of the caller's choice (`Graph.operands(of:_:)`).
  package func apply(_ node: NodeID, _ operands: Operands<Tensor>) throws(ShrinkError) -> [Tensor] {
    do throws(OperatorError) {
      let operation = operation(node)
      // A rule that cannot tell leaves the judgement to the kernel; what is in a graph of its own is checked there.
      if !(operation is any ControlFlow), let types = try? operation.infer(Operands(Self.types(operands))) {
        try Memory.check(types)
      }
      let results = try operation.run(operands)
      guard results.count >= graph[node].outputs.count else { throw .tooFewResults(results.count, graph[node]) }
      #if DEBUG
        try Self.compare(results, operation, operands)
      #endif
      return results
    } catch { throw error.at(node, of: graph, isBody: isBody) { _ in operation(node) } }
  }

  /// The operator of a step.
  ///
  /// `node` must be one of `steps`.
  package func operation(_ node: NodeID) -> any Operator {
    guard let operation = operations[node] else { preconditionFailure("node \(node.index) is no step") }
    return operation
  }

  /// The nodes and inputs that `wanted` needs.
  private static func path(
    _ graph: Graph, to wanted: [ValueID], isBody: Bool
  ) throws(ShrinkError) -> (steps: [NodeID], fed: Set<ValueID>, captured: Set<ValueID>) {
    let producers = graph.producers()
    let captureIndex = graph.captureIndex()
    let inputs = Set(graph.realInputs)
    var nodes = Set<NodeID>()
    var fed = Set<ValueID>()
    var captured = Set<ValueID>()
    var open = wanted
    while let value = open.popLast() {
      if graph[value].constant != nil { continue }
      if inputs.contains(value) {
        fed.insert(value)
      } else if let producer = producers[value.index] {
        if nodes.insert(producer).inserted {
          open += graph.operands(of: graph[producer], captureIndex).compactMap(\.self)
        }
      } else if isBody {
        captured.insert(value)
      } else {
        throw .noSource(graph[value].name)
      }
    }
    return (try graph.topologicalOrder().filter(nodes.contains), fed, captured)
  }

  /// Throws where a value that comes in or goes out is declared to be no tensor.
  private static func checkTensors(_ graph: Graph, _ values: [ValueID]) throws(ShrinkError) {
    for value in values { if let container = graph[value].container { throw .noTensor(graph[value].name, container) } }
  }

  private func checked(_ tensor: Tensor?, for value: Value) throws(ShrinkError) -> Tensor {
    guard let tensor else { throw .notFed(value.name) }
    // Graphs in attributes often declare what was true of one iteration only.
    guard let type = value.type, !isBody else { return tensor }
    let fits =
      type.dims.map { dims in
        dims.count == tensor.rank && zip(dims, tensor.shape).allSatisfy { $0.size == nil || $0.size == $1 }
      } ?? true
    guard fits, type.dtype == tensor.dtype else { throw .misfit(value.name, type, tensor) }
    return tensor
  }

  /// Types of operands, with the elements of small ones: some rules need them.
  private static func types(_ operands: Operands<Tensor>) -> [TensorType?] {
    operands.items.map { tensor in
      tensor.map { $0.count <= 1024 ? TensorType(constant: $0) : TensorType($0.dtype, $0.shape) }
    }
  }

  /// Compares what a kernel gave with its shape rule.
  private static func compare(
    _ results: [Tensor], _ operation: any Operator, _ operands: Operands<Tensor>
  ) throws(OperatorError) {
    let rule: [TensorType]
    do throws(OperatorError) { rule = try operation.infer(Operands(types(operands))) } catch {
      guard error != .shapeDependsOnData else { return }
      throw error
    }
    guard zip(results, rule).allSatisfy({ $0.dtype == $1.dtype && $0.shape == $1.shape }) else {
      throw .differsFromRule(results.map { TensorType($0.dtype, $0.shape) }, rule)
    }
  }
}

extension ShrinkError {
  fileprivate static func noSource(_ name: String) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "value '\(name)'", "is needed, but nothing computes it and no initialiser holds it",
      hint: "the file is incomplete: export the model again with its weights")
  }
  fileprivate static func noTensor(_ name: String, _ container: String) -> ShrinkError {
    ShrinkError(
      .unsupportedOperator, place: "value '\(name)'",
      "is declared as \(container): only tensors are supported, no values of type Sequence, Optional, Map or SparseTensor",
      hint: "export the model so that tensors go in and out, or cut it where it has tensors")
  }
  fileprivate static func notFed(_ name: String) -> ShrinkError {
    ShrinkError(
      .badData, place: "input '\(name)'", "is given no data", hint: "give it an array of its name with --data")
  }
  fileprivate static func misfit(_ name: String, _ type: DeclaredType, _ found: Tensor) -> ShrinkError {
    let dims = type.dims?.map { dim in
      switch dim {
      case .known(let size): "\(size)"
      case .symbol(let symbol): symbol
      case .unknown: "?"
      }
    }
    return ShrinkError(
      .badData, place: "input '\(name)'",
      "takes \(type.dtype) [\(dims?.joined(separator: ", ") ?? "…")], but is given \(found.dtype) "
        + "[\(found.shape.map(String.init).joined(separator: ", "))]",
      hint: "save the samples with this type and shape")
  }
}
