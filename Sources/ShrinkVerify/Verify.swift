import ShrinkData
import ShrinkGraph
import ShrinkONNX
import ShrinkOps
import ShrinkRun

/// Compares two networks on samples.
///
/// It opens the files that a user would open and knows nothing of how the second came about.
package struct Verify: Sendable {
  private let original: Side
  private let candidate: Side
  private let data: Dataset
  private let runs: [[Int]]
  private let labels: [Int]?

  /// One of the networks.
  private struct Side {
    let path: String
    let model: Model
    let executor: Executor

    init(_ path: String) throws(ShrinkError) {
      self.path = path
      model = try Import.model(file: path)
      do throws(ShrinkError) { executor = try Executor(model.graph) } catch { throw error.inFile(path) }
    }
  }

  /// Opens both files.
  ///
  /// `data` was opened for the inputs of the original; `batch` is the most samples in one run.
  ///
  /// Throws what importing throws, `badData` when the candidate takes other inputs or gives another number of outputs.
  package init(
    original: String, candidate: String, data: Dataset, samples: [Int], batch: Int
  ) throws(ShrinkError) {
    self.original = try Side(original)
    self.candidate = try Side(candidate)
    self.data = data
    labels = data.labels
    let size = try Self.batch(of: self.candidate.model.graph, candidate, data) ?? batch
    runs = data.runs(samples, size: size)
    guard runs.contains(where: { !$0.isEmpty }) else { throw .nothingToCompare(samples.count, data.fixedBatch ?? 1) }
    guard self.original.model.graph.outputs.count == self.candidate.model.graph.outputs.count else {
      throw .otherOutputs(candidate, self.candidate.model.graph.outputs.count, self.original.model.graph.outputs.count)
    }
  }

  /// The batch that the candidate fixes and the original leaves open; nil where they agree.
  private static func batch(of graph: Graph, _ file: String, _ data: Dataset) throws(ShrinkError) -> Int? {
    let known = Dictionary(uniqueKeysWithValues: data.inputs.map { ($0.name, $0) })
    for input in graph.realInputs where known[graph[input].name] == nil {
      throw .noDataFor(graph[input].name, file)
    }
    guard data.fixedBatch == nil else { return nil }
    return graph.realInputs.compactMap { input -> Int? in
      guard let own = graph[input].type?.dims?.first?.size, known[graph[input].name]?.dims.first?.size == nil else {
        return nil
      }
      return own
    }.first
  }

  /// Runs both networks and compares every output.
  package func verdict(progress: (Double) throws(ShrinkError) -> Void = { _ in }) throws(ShrinkError) -> Verdict {
    var outputs: [Compare] = []
    var macs = Verdict.Pair(0, 0)
    for (r, run) in runs.enumerated() {
      let inputs = try data.batch(run)
      let isFirst = r == 0
      let (x, first) = try Self.results(original, inputs, countsMacs: isFirst)
      let (y, second) = try Self.results(candidate, inputs, countsMacs: isFirst)
      if isFirst {
        macs = Verdict.Pair(first / run.count, second / run.count)
        outputs = Self.comparisons(original.model.graph, x)
      }
      let labels = labels.map { labels in run.map { labels[$0] } }
      for i in outputs.indices { outputs[i].add(x[i], y[i], labels: labels) }
      try progress(Double(r + 1) / Double(runs.count))
    }
    return Verdict(
      size: Verdict.Pair(Self.size(original, macs.original), Self.size(candidate, macs.candidate)),
      samples: runs.reduce(0) { $0 + $1.count }, outputs: outputs.map(\.output),
      interface: Interface.differences(original.model.graph, candidate.model.graph),
      accuracy: outputs.compactMap(\.accuracy).first)
  }

  /// One comparison an output; the first floating-point output of two to four axes is the one that decides.
  private static func comparisons(_ graph: Graph, _ outputs: [Tensor]) -> [Compare] {
    let deciding = outputs.firstIndex { $0.dtype.isFloat && Decisions.decides(rank: $0.rank) }
    return outputs.enumerated().map { i, tensor in
      Compare(graph[graph.outputs[i]].name, isFloat: tensor.dtype.isFloat, decides: i == deciding)
    }
  }

  /// The outputs of one run, and the multiply-accumulates if they are wanted.
  private static func results(
    _ side: Side, _ inputs: [String: Tensor], countsMacs: Bool
  ) throws(ShrinkError) -> (outputs: [Tensor], macs: Int) {
    let graph = side.model.graph
    var feeds: [ValueID: Tensor] = [:]
    for input in graph.realInputs { feeds[input] = inputs[graph[input].name] }
    var macs = 0
    do throws(ShrinkError) {
      let values = try side.executor.run(feeds) { (id, operands, results) throws(ShrinkError) in
        if countsMacs { macs += Count.macs(graph[id], operands, results) }
      }
      var outputs: [Tensor] = []
      for output in graph.outputs {
        guard let tensor = values[output] ?? feeds[output] ?? graph[output].constant else {
          throw ShrinkError(.internal, place: "output '\(graph[output].name)'", "was not computed")
        }
        outputs.append(tensor)
      }
      return (outputs, macs)
    } catch { throw error.inFile(side.path) }
  }

  private static func size(_ side: Side, _ macs: Int) -> NetworkSize {
    NetworkSize(
      parameters: Count.parameters(side.model.graph), macs: macs, bytes: Count.bytes(side.path, side.model),
      nodes: side.model.graph.nodes.count { !$0.isConstant })
  }
}

extension ShrinkError {
  fileprivate static func nothingToCompare(_ count: Int, _ run: Int) -> ShrinkError {
    ShrinkError(
      .badData, "\(count) samples are there to compare on, where one run needs \(run)",
      hint: "give more samples with --data")
  }
  fileprivate static func noDataFor(_ input: String, _ file: String) -> ShrinkError {
    ShrinkError(
      .badData, file: file, place: "input '\(input)'", "the original has no input of this name",
      hint: "only networks that take the same inputs can be compared")
  }
  fileprivate static func otherOutputs(_ file: String, _ count: Int, _ wanted: Int) -> ShrinkError {
    ShrinkError(
      .badData, file: file, "has \(count) outputs, where the original has \(wanted)",
      hint: "only networks that give the same outputs can be compared")
  }
}
