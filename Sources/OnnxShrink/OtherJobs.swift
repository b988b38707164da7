import ShrinkData
import ShrinkGraph
import ShrinkONNX
import ShrinkReduce
import ShrinkRun
import ShrinkVerify

/// Compares two files.
struct VerifyJob {
  let original: String
  let candidate: String
  let data: [String]
  let options: Options
  let progress: Reducer.Progress

  /// Does the job; warnings come with the verdict.
  func run() throws(ShrinkError) -> (Verdict, [Diagnostic]) {
    try options.check()
    options.setThreads()
    let graph = try Import.model(file: original).graph
    let samples = try Samples(data, try Inputs.specs(graph, shapes: options.shapes), batch: options.batch)
    let verify = try Verify(
      original: original, candidate: candidate, data: samples.data, samples: samples.taken(options.samples),
      batch: samples.batch)
    let verdict = try verify.verdict { (share) throws(ShrinkError) in try progress("verification", share) }
    return (verdict, samples.data.diagnostics)
  }
}

/// Runs one file and writes its outputs.
struct RunJob {
  let input: String
  let output: String
  let data: [String]
  let options: Options
  let progress: Reducer.Progress

  /// Does the job.
  func run() throws(ShrinkError) {
    try options.check()
    options.setThreads()
    guard output.hasSuffix(".npz") else { throw .notNpz(output) }
    try Place.checkFolder(of: output)
    let graph = try Import.model(file: input).graph
    let samples = try Samples(data, try Inputs.specs(graph, shapes: options.shapes), batch: options.batch)
    let names = graph.realInputs.map { graph[$0].name }
    for text in data {
      let path = try DataSpec(text, inputs: names).path
      if Place.isSame(path, output) { throw .overwritten(output) }
    }
    guard !Place.isSame(input, output) else { throw .overwritten(output) }
    do throws(ShrinkError) { try write(graph, samples) } catch { throw error.located(model: input, data: data) }
  }

  private func write(_ graph: Graph, _ samples: Samples) throws(ShrinkError) {
    let executor = try Executor(graph)
    let writer = NpzWriter(output)
    let runs = samples.data.runs(samples.taken(options.samples), size: samples.batch)
    for (r, run) in runs.enumerated() {
      let inputs = try samples.data.batch(run)
      var feeds: [ValueID: Tensor] = [:]
      for input in graph.realInputs { feeds[input] = inputs[graph[input].name] }
      let values = try executor.run(feeds)
      for output in graph.outputs {
        guard let tensor = values[output] else {
          throw ShrinkError(.internal, place: "output '\(graph[output].name)'", "was not computed")
        }
        try writer.append(tensor, to: graph[output].name)
      }
      try progress("running", Double(r + 1) / Double(runs.count))
    }
    guard !runs.isEmpty else { throw .noRun(samples.batch) }
    try writer.close()
  }
}

extension ShrinkError {
  fileprivate static func notNpz(_ path: String) -> ShrinkError {
    ShrinkError(.usage, file: path, "is no name for numpy arrays", hint: "give --out a name that ends in .npz")
  }
  fileprivate static func overwritten(_ path: String) -> ShrinkError {
    ShrinkError(.usage, file: path, "is both read and written", hint: "give the outputs a name of their own")
  }
  fileprivate static func noRun(_ batch: Int) -> ShrinkError {
    ShrinkError(.badData, "there is not one whole run of \(batch) samples", hint: "give more samples with --data")
  }
}
