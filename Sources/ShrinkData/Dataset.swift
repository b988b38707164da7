import ShrinkGraph

/// The samples that a model is run on: files opened and checked against the model's inputs, elements read batch by batch.
package final class Dataset: Sendable {
  /// What the model wants.
  package let inputs: [InputSpec]
  /// Number of samples.
  package let sampleCount: Int
  /// The true class of each sample, where an array `label` gives it.
  package let labels: [Int]?
  /// How many samples make one run, where the model fixes it: a fixed first axis, or data with one entry a run.
  package let fixedBatch: Int?
  /// Conversions and arrays left unused.
  package let diagnostics: [Diagnostic]
  private let feeds: [Feed]

  /// Opens the files of `--data` without loading them; see DataSpec for the form of `specs`.
  ///
  /// Throws `badData` naming file, array, what was expected and found.
  package init(_ specs: [String], inputs: [InputSpec]) throws(ShrinkError) {
    guard !specs.isEmpty else { throw .noData(inputs.map(\.name)) }
    var sources = DataSources(inputs: inputs)
    for text in specs { try sources.open(try DataSpec(text, inputs: inputs.map(\.name))) }
    let arrays = try sources.complete()
    let binding = try Binding(inputs, arrays)
    self.inputs = inputs
    sampleCount = binding.sampleCount
    fixedBatch = binding.fixedBatch
    feeds = binding.feeds
    labels = try sources.labels.map { array throws(ShrinkError) in try Self.labels(array, binding.sampleCount) }
    diagnostics = sources.diagnostics + binding.diagnostics
  }

  /// The tensors of one run over these samples, stacked on the first axis in their order, by name of input.
  ///
  /// Contiguous samples without conversion are views of the file. Throws `badData` for an index or number of samples
  /// that the data or model does not allow, and for NaN or infinite numbers, naming file and sample.
  package func batch(_ samples: [Int]) throws(ShrinkError) -> [String: Tensor] {
    if let bad = samples.first(where: { $0 < 0 || $0 >= sampleCount }) { throw .noSample(bad, sampleCount) }
    if let fixedBatch, samples.count != fixedBatch { throw .batchSize(samples.count, fixedBatch) }
    var result: [String: Tensor] = [:]
    for feed in feeds { result[feed.input.name] = try feed.tensor(samples) }
    return result
  }

  /// Type and shape of every input for a run over `count` samples.
  package func types(batch count: Int) -> [String: TensorType] {
    Dictionary(uniqueKeysWithValues: feeds.map { ($0.input.name, TensorType($0.input.dtype, $0.shape(count))) })
  }

  /// Cuts samples into runs of `fixedBatch`, or of at most `size` samples where the model leaves it open.
  ///
  /// Samples that do not fill a fixed run are left out.
  package func runs(_ samples: [Int], size: Int) -> [[Int]] {
    let step = max(fixedBatch ?? size, 1)
    let starts = stride(from: 0, to: samples.count, by: step)
    return starts.map { Array(samples[$0..<min($0 + step, samples.count)]) }
      .filter { fixedBatch == nil || $0.count == step }
  }

  private static func labels(_ array: DataArray, _ count: Int) throws(ShrinkError) -> [Int] {
    guard array.shape == [count] || array.shape == [count, 1] else { throw .labelShape(array, count) }
    guard let labels = try array.whole(as: array.dtype).integers else { throw .labelType(array) }
    return labels
  }
}

extension ShrinkError {
  fileprivate static func noData(_ inputs: [String]) -> ShrinkError {
    ShrinkError(.usage, "no data is given", hint: "give --data a file with values for \(quoted(inputs))")
  }
  fileprivate static func noSample(_ index: Int, _ count: Int) -> ShrinkError {
    ShrinkError(.badData, "there is no sample \(index): the data holds \(count)", hint: "take fewer samples")
  }
  fileprivate static func batchSize(_ found: Int, _ wanted: Int) -> ShrinkError {
    ShrinkError(
      .badData, "\(found) samples in one run, where the model takes exactly \(wanted)",
      hint: "give whole runs of \(wanted) samples")
  }
  fileprivate static func labelShape(_ array: DataArray, _ count: Int) -> ShrinkError {
    ShrinkError(
      .badData, file: array.file, place: array.place,
      "has the shape \(shapeText(array.shape)), where the data holds \(count) samples",
      hint: "give one integer a sample, or leave the labels out")
  }
  fileprivate static func labelType(_ array: DataArray) -> ShrinkError {
    ShrinkError(
      .badData, file: array.file, place: array.place, "holds \(array.dtype), where labels are integers",
      hint: "save the labels as integers, or leave them out")
  }
}
