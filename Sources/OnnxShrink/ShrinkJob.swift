import Foundation
import ShrinkData
import ShrinkGraph
import ShrinkONNX
import ShrinkReduce
import ShrinkReport
import ShrinkRun
import ShrinkVerify

/// The main job: reduce, write, verify from disk, move into place.
struct ShrinkJob {
  let input: String
  let output: String
  let data: [String]
  let options: Options
  let progress: Reducer.Progress

  /// Samples for statistics and for verification.
  private struct Parts {
    let statistics: (samples: Samples, indices: [Int])
    let verification: (samples: Samples, indices: [Int])
  }
  /// What came of the attempts.
  private struct Result {
    let reduction: Reduction
    let written: Written
    let attempts: Int
  }

  /// Most times that the network is reduced again, for less error, after held-out samples showed too much.
  private static let retries = 4

  /// Does the job and tells what was done.
  func run() throws(ShrinkError) -> Report {
    try options.check()
    options.setThreads()
    guard !Place.isSame(input, output) else { throw .sameFile(input) }
    try progress("reading", 0)
    let model = try Import.model(file: input)
    do throws(ShrinkError) {
      try refuseOverwriting(model)
      try checkPatterns(model.graph)
      let parts = try split(model.graph)
      let place = try Place(output)
      defer { place.discard() }
      let result = try attempt(model, parts, place)
      try place.commit()
      return report(result, parts)
    } catch { throw error.located(model: input, data: data) }
  }

  /// Refuses to write over data, and over the weights that the model itself stands on.
  private func refuseOverwriting(_ model: Model) throws(ShrinkError) {
    let names = model.graph.realInputs.map { model.graph[$0].name }
    for text in data + options.verifyData {
      let path = try DataSpec(text, inputs: names).path
      if Place.isSame(path, output) { throw .overwrites(output, "the data") }
    }
    let weights = output + ".data"
    guard model.hasExternalData, FileManager.default.fileExists(atPath: weights) else { return }
    let name = Place.split(weights).name
    guard let bytes = FileManager.default.contents(atPath: input) else { return }
    if bytes.range(of: Data(name.utf8)) != nil { throw .overwrites(weights, "weights of the original") }
  }

  /// Refuses patterns that no name fits: a slip of the pen would pass for a choice.
  private func checkPatterns(_ graph: Graph) throws(ShrinkError) {
    let names = graph.nodes.map(\.name) + graph.values.map(\.name)
    for (option, patterns) in [("--only", options.only), ("--exclude", options.exclude)] {
      for pattern in patterns where !names.contains(where: { Glob.matches($0, pattern) }) {
        throw .matchesNothing(option, pattern)
      }
    }
  }

  private func split(_ graph: Graph) throws(ShrinkError) -> Parts {
    let inputs = try Inputs.specs(graph, shapes: options.shapes)
    let samples = try Samples(data, inputs, batch: options.batch)
    let own = options.verifyData.isEmpty
    let other = own ? samples : try Samples(options.verifyData, inputs, batch: options.batch)
    let split = try Split(
      count: samples.data.sampleCount, take: options.samples, holdout: own ? options.holdout : 0, seed: options.seed,
      run: samples.data.fixedBatch ?? 1)
    return Parts(
      statistics: (samples, split.calibration), verification: (other, own ? split.heldOut : other.taken(nil)))
  }

  /// Reduces and verifies until the target is met.
  ///
  /// What is written is at `place` when it returns.
  private func attempt(_ model: Model, _ parts: Parts, _ place: Place) throws(ShrinkError) -> Result {
    let (source, samples) = parts.statistics.samples.source(parts.statistics.indices)
    var reducer = try Reducer(
      model.graph, source: source, samples: samples, options: options.reduceOptions, progress: progress)
    let target = ShrinkReduce.Target(options.target)
    var tightening = 1.0
    for attempt in 1...Self.retries + 1 {
      let reduction = try reducer.reduce(tightening: tightening)
      guard let written = try write(model, reduction, parts, place) else {
        return try keepOriginal(model, reduction, parts, place, attempts: attempt)
      }
      let verdict = written.verdict
      try Requirement.checkSound(verdict)
      if attempt <= Self.retries, let excess = Requirement.excess(target, verdict), excess > 1 {
        // A little below what the held-out samples ask for; the last attempt leaves no doubt.
        tightening *= attempt == Self.retries ? 0.1 : max(0.2, min(0.95, 0.95 / excess))
        continue
      }
      for wanted in [target] + options.floors.map(ShrinkReduce.Target.init) { try Requirement.check(wanted, verdict) }
      return Result(reduction: reduction, written: written, attempts: attempt)
    }
    throw ShrinkError(.internal, "the attempts ended without a result")
  }

  /// What was written, and how it compares.
  private struct Written {
    let verdict: Verdict
    /// Weights that are held in another form than before.
    let forms: [WeightForm]
    /// Whether it takes no more room than the original.
    var isSmall: Bool { verdict.size.candidate.bytes <= verdict.size.original.bytes }
  }

  /// Writes the network with the weights in the best form that takes no more room than the original and meets the
  /// target, or only the former; nil where none does.
  private func write(
    _ model: Model, _ reduction: Reduction, _ parts: Parts, _ place: Place
  ) throws(ShrinkError) -> Written? {
    let target = ShrinkReduce.Target(options.target)
    let forms = target.asksForExactness ? [false, true] : [true, false]
    var found: [Written] = []
    for roundsFitted in forms {
      let written = try write(model, reduction.graph, roundsFitted, parts, place)
      if written.isSmall && Requirement.isMet(target, written.verdict) { return written }
      found.append(written)
      if written.forms.isEmpty { break }
    }
    guard let best = found.firstIndex(where: \.isSmall) else { return nil }
    return best == found.count - 1 ? found[best] : try write(model, reduction.graph, forms[best], parts, place)
  }

  /// Writes the original itself where everything else takes more room, as the targets that are errors allow.
  private func keepOriginal(
    _ model: Model, _ reduction: Reduction, _ parts: Parts, _ place: Place, attempts: Int
  ) throws(ShrinkError) -> Result {
    guard ShrinkReduce.Target(options.target).allowsOriginal else { throw .wouldBeLarger }
    let written = try write(model, model.graph, false, parts, place)
    return Result(reduction: reduction.keepingAll(model.graph), written: written, attempts: attempts)
  }

  /// Writes a network and compares the two files.
  private func write(
    _ model: Model, _ graph: Graph, _ roundsFitted: Bool, _ parts: Parts, _ place: Place
  ) throws(ShrinkError) -> Written {
    try progress("writing", 0)
    let finished = try Finished(graph, roundsFitted: roundsFitted)
    var small = model
    small.graph = finished.graph
    try small.graph.check()
    try Export.write(small, to: place.file)
    try place.flush()
    let (samples, indices) = parts.verification
    let verify = try Verify(
      original: input, candidate: place.file, data: samples.data, samples: indices, batch: samples.batch)
    let verdict = try verify.verdict { (share) throws(ShrinkError) in try progress("verification", share) }
    return Written(verdict: verdict, forms: finished.forms)
  }

  private func report(_ result: Result, _ parts: Parts) -> Report {
    var warnings = parts.statistics.samples.data.diagnostics
    if !options.verifyData.isEmpty { warnings += parts.verification.samples.data.diagnostics }
    for output in result.written.verdict.outputs where output.notFinite.original > 0 {
      let fact = "\(output.notFinite.original) of \(output.elements) elements are NaN or infinite in the original"
      warnings.append(
        Diagnostic(place: "output '\(output.name)'", fact: fact + ": they count as equal if they stay so"))
    }
    return Report(
      tool: Report.Tool(name: "onnx-shrink", version: version), input: input, output: output,
      settings: options.settings(data: data),
      samples: Report.Samples(statistics: parts.statistics.indices.count, heldOut: result.written.verdict.samples),
      verdict: result.written.verdict, reduction: result.reduction, forms: result.written.forms,
      attempts: result.attempts, warnings: warnings)
  }
}

extension ShrinkError {
  fileprivate static var wouldBeLarger: ShrinkError {
    ShrinkError(
      .missedTarget, "the file would be larger than the original: nothing was written",
      hint: "the original holds weights in a smaller form than this network could be written in: ask for a smaller one")
  }
  fileprivate static func matchesNothing(_ option: String, _ pattern: String) -> ShrinkError {
    ShrinkError(
      .usage, "\(option) '\(pattern)' fits no name of a node or weight",
      hint: "onnx-shrink inspect lists the names of what can shrink")
  }
  fileprivate static func sameFile(_ path: String) -> ShrinkError {
    ShrinkError(
      .usage, file: path, "is both the model to read and the file to write", hint: "give the result a name of its own")
  }
  fileprivate static func overwrites(_ path: String, _ what: String) -> ShrinkError {
    ShrinkError(
      .usage, file: path, "would be written over, but it holds \(what)", hint: "give the result another name")
  }
}
