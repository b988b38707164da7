import ShrinkGraph
import ShrinkMath
import ShrinkOps
import ShrinkRun

@testable import ShrinkReduce

/// A graph with what the reducer knows of it before statistics.
struct CoupledSketch {
  let graph: Graph
  let types: [TensorType?]
  let coupled: Coupled
  var rewrite: Rewrite { Rewrite(graph, types: types, coupled: coupled) }

  /// Couples a graph for runs of `samples` samples.
  init(_ graph: Graph, samples: Int = 2) throws {
    try self.init(graph, inputs: Self.inputs(graph, samples: samples))
  }

  /// Couples a graph for inputs of the given types.
  init(_ graph: Graph, inputs: [ValueID: TensorType]) throws {
    self.graph = graph
    types = try Inference(graph, inputs: inputs).types
    coupled = try Coupled(graph, types: types)
  }

  /// Types of the inputs for a number of samples.
  static func inputs(_ graph: Graph, samples: Int) -> [ValueID: TensorType] {
    Dictionary(
      uniqueKeysWithValues: graph.realInputs.map { input in
        (input, TensorType(.float32, (graph[input].type?.dims ?? []).map { $0.size ?? samples }))
      })
  }

  /// Removes the given units of each group.
  func removal(_ units: [Int: [Int]]) -> Removal {
    var removal = Removal(coupled.groups)
    for (group, list) in units { for unit in list { removal.removed[group][unit] = true } }
    return removal
  }
}

/// Random samples for every input of a graph, the same for the same number.
struct SampleSketch {
  /// Samples by input name, stacked on the first axis.
  let inputs: [String: Tensor]

  init(_ graph: Graph, count: Int, seed: UInt64) {
    var rng = SplitMix64(seed: seed)
    var inputs: [String: Tensor] = [:]
    for input in graph.realInputs {
      let shape = (graph[input].type?.dims ?? []).map { $0.size ?? count }
      let elements = (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &rng) }
      inputs[graph[input].name] = Tensor(shape: shape, elements)
    }
    self.inputs = inputs
  }

  func source(batch: Int) -> SampleSource {
    SampleSource(batch: batch) { [inputs] run in inputs.mapValues { $0.keeping(run, axis: 0) } }
  }

  /// The same with other operators, node by node.
  func outputs(_ graph: Graph, make: @escaping OperatorMaker) throws -> [Tensor] {
    guard graph.nodes.contains(where: { !$0.domain.isEmpty && $0.domain != "com.microsoft" }) else {
      return try outputs(graph)
    }
    let values = try Executor(graph, make: make).run(feeds(graph))
    return graph.outputs.compactMap { values[$0] }
  }

  /// All samples as the inputs of a graph.
  func feeds(_ graph: Graph) -> [ValueID: Tensor] {
    Dictionary(uniqueKeysWithValues: graph.realInputs.compactMap { id in inputs[graph[id].name].map { (id, $0) } })
  }

  /// Outputs of a graph over all samples.
  func outputs(_ graph: Graph) throws -> [Tensor] {
    let values = try Executor(graph).run(feeds(graph))
    return graph.outputs.compactMap { values[$0] }
  }

  /// One value of a graph over all samples.
  func value(_ id: ValueID, of graph: Graph) throws -> Tensor? {
    try Executor(graph, wanted: [id]).run(feeds(graph))[id]
  }
}

/// ‖a − b‖ / ‖a‖.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  let error = zip(a, b).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  return (error / max(a.reduce(0) { $0 + $1 * $1 }, 1e-300)).squareRoot()
}

/// Solves A X = B by elimination with row exchanges, in plain loops.
func solvedPlainly(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
  var (a, b) = (a, b)
  for k in a.indices {
    let pivot = (k..<a.count).max { abs(a[$0][k]) < abs(a[$1][k]) } ?? k
    a.swapAt(k, pivot)
    b.swapAt(k, pivot)
    for i in a.indices where i != k {
      let factor = a[i][k] / a[k][k]
      for j in a[i].indices { a[i][j] -= factor * a[k][j] }
      for j in b[i].indices { b[i][j] -= factor * b[k][j] }
    }
  }
  return a.indices.map { i in b[i].map { $0 / a[i][i] } }
}
