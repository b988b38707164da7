import ShrinkGraph
import ShrinkOps

/// The graphs in the attributes of one node, as the engine runs them.
struct Subgraphs: Bodies {
  let operands: Int
  private let graphs: [String: Graph]
  /// Names of what the graphs read from around them, in the order of the operands behind those of the node.
  private let captures: [String]
  private let executors: [String: Executor]
  private let make: OperatorMaker

  /// Takes the graphs of a node, and prepares them unless only types are asked for.
  init(_ node: Node, isRun: Bool, make: @escaping OperatorMaker) throws(OperatorError) {
    var graphs: [String: Graph] = [:]
    for attribute in node.attributes {
      if case .graphs(let bodies, _) = attribute.value, bodies.count == 1 { graphs[attribute.name] = bodies.first }
    }
    var executors: [String: Executor] = [:]
    if isRun {
      for (name, graph) in graphs.sorted(by: { $0.key < $1.key }) {
        do throws(ShrinkError) { executors[name] = try Executor(body: graph, make: make) } catch {
          throw OperatorError(inside: name, error)
        }
      }
    }
    (self.graphs, self.executors, self.make) = (graphs, executors, make)
    operands = node.inputs.count
    captures = node.captures
  }

  /// The operator of a node, with its graphs put in where it has some.
  static func operation(
    _ node: Node, opset: Int, isRun: Bool, make: @escaping OperatorMaker
  ) throws(OperatorError) -> any Operator {
    let operation = try make(node, opset)
    guard var control = operation as? any ControlFlow else { return operation }
    control.bodies = try Subgraphs(node, isRun: isRun, make: make)
    return control
  }

  func body(_ name: String) throws(OperatorError) -> Graph {
    guard let graph = graphs[name] else {
      throw OperatorError(
        .malformedModel, "attribute '\(name)' holds no graph that can be read", hint: "export the model again")
    }
    return graph
  }

  func run(
    _ name: String, _ inputs: [Tensor], within operands: Operands<Tensor>
  ) throws(OperatorError) -> [Tensor] {
    let graph = try body(name)
    guard let executor = executors[name] else { throw OperatorError(.internal, "graph '\(name)' is not prepared") }
    var feeds: [ValueID: Tensor] = [:]
    for id in executor.captured { feeds[id] = surrounding(graph[id].name, operands) }
    for (id, tensor) in zip(graph.inputs, inputs) { feeds[id] = tensor }
    do throws(ShrinkError) {
      let values = try executor.run(feeds)
      let results = graph.outputs.compactMap { values[$0] }
      guard results.count == graph.outputs.count else {
        throw ShrinkError(.internal, "\(graph.outputs.count - results.count) outputs were not computed")
      }
      return results
    } catch { throw OperatorError(inside: name, error) }
  }

  func infer(
    _ name: String, _ inputs: [TensorType], within operands: Operands<TensorType>
  ) throws(OperatorError) -> [TensorType?] {
    let graph = try body(name)
    var types = Dictionary(zip(graph.inputs, inputs), uniquingKeysWith: { first, _ in first })
    for id in graph.unsourced() { types[id] = surrounding(graph[id].name, operands) }
    do throws(ShrinkError) {
      let inference = try Inference(graph, inputs: types, make: make)
      return graph.outputs.map { inference[$0] }
    } catch { throw OperatorError(inside: name, error) }
  }

  private func surrounding<T>(_ name: String, _ operands: Operands<T>) -> T? {
    captures.firstIndex(of: name).flatMap { operands.optional(self.operands + $0) }
  }
}

extension Graph {
  /// Values that no input, constant or node gives: a graph in an attribute reads them from around it.
  fileprivate func unsourced() -> [ValueID] {
    let producers = producers()
    let inputs = Set(inputs)
    return values.indices.map { ValueID($0) }.filter {
      producers[$0.index] == nil && self[$0].constant == nil && !inputs.contains($0)
    }
  }
}

extension OperatorError {
  /// An error of a node in the graph in an attribute.
  fileprivate init(inside attribute: String, _ error: ShrinkError) {
    let place = error.place.map { "\($0): " } ?? ""
    self.init(error.code, "in the graph '\(attribute)': \(place)\(error.fact)", hint: error.hint)
  }
}
