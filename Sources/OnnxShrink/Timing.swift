import ShrinkGraph
import ShrinkMath
import ShrinkONNX
import ShrinkRun

/// Forward passes of one network on one batch, for `make bench` and for whoever looks where the time goes.
package final class ForwardPass {
  private let executor: Executor
  private let feeds: [ValueID: Tensor]
  private let graph: Graph

  /// Opens a network and the first `batch` samples of `data`.
  package init(input: String, data: [String], batch: Int, threads: Int) throws(Failure) {
    (executor, feeds, graph) = try reported { () throws(ShrinkError) in
      Threads.set(threads)
      let graph = try Import.model(file: input).graph
      let samples = try Samples(data, try Inputs.specs(graph, shapes: [:]), batch: batch)
      guard let run = samples.data.runs(samples.taken(nil), size: samples.batch).first else {
        throw ShrinkError(.badData, "there is not one whole run of \(batch) samples")
      }
      let inputs = try samples.data.batch(run)
      var feeds: [ValueID: Tensor] = [:]
      for input in graph.realInputs { feeds[input] = inputs[graph[input].name] }
      return (try Executor(graph), feeds, graph)
    }
  }

  /// Seconds of one pass.
  package func time() throws(Failure) -> Double {
    try reported { () throws(ShrinkError) in
      let start = ContinuousClock.now
      _ = try executor.run(feeds)
      return (ContinuousClock.now - start).seconds
    }
  }

  /// Memory of a pass, in bytes, and the steps of the compiled network with the seconds that each took.
  package struct Profile: Sendable {
    /// Constants of the graph.
    package let weights: Int
    /// Weights in layouts of their own.
    package let packed: Int
    /// Where results and scratch memory live; nil when the network is not compiled.
    package let arena: Int?
    /// The largest sum of tensors alive at once, in the order of the file; nil where a type is not known.
    package let alive: Int?
    package let steps: [(title: String, seconds: Double)]
  }

  /// Runs one pass and looks at it.
  package func profile() throws(Failure) -> Profile {
    try reported { () throws(ShrinkError) in
      let list = StepList()
      let memory = try executor.profile(feeds) { list.steps.append(($0, $1)) }
      let types = try Inference(graph, inputs: feeds.mapValues { TensorType($0.dtype, $0.shape) }).types
      return Profile(
        weights: graph.values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) }, packed: memory?.packed ?? 0,
        arena: memory?.arena, alive: executor.plan.peakBytes(types: types), steps: list.steps)
    }
  }

  /// What the observer has been told.
  private final class StepList { var steps: [(title: String, seconds: Double)] = [] }
}
