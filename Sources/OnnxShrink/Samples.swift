import ShrinkData
import ShrinkGraph
import ShrinkReduce

/// The inputs of a graph with sizes that the user gave put in.
enum Inputs {
  /// What the model wants of each input.
  ///
  /// Throws `usage` for a shape that contradicts the model.
  static func specs(_ graph: Graph, shapes: [String: [Int]]) throws(ShrinkError) -> [InputSpec] {
    let declared = try InputSpec.all(of: graph)
    if let unknown = shapes.keys.sorted().first(where: { name in !declared.contains { $0.name == name } }) {
      throw .noInput(unknown, declared.map(\.name))
    }
    var result: [InputSpec] = []
    for input in declared {
      guard let shape = shapes[input.name] else {
        result.append(input)
        continue
      }
      let fits = shape.count == input.dims.count && zip(shape, input.dims).allSatisfy { $0 > 0 && $1.size ?? $0 == $0 }
      guard fits else { throw .otherShape(input.name, shape) }
      // The first axis counts samples: the data says how many.
      let dims = zip(shape, input.dims).enumerated().map { axis, pair in axis == 0 ? pair.1 : .known(pair.0) }
      result.append(InputSpec(name: input.name, dtype: input.dtype, dims: dims))
    }
    return result
  }
}

/// Samples with the number of them that one run takes.
struct Samples: Sendable {
  let data: Dataset
  /// Most samples in one run.
  let batch: Int

  /// Elements of inputs that a run is to hold at most: activations are some ten times as large.
  private static let wantedElements = 1 << 21
  /// Largest run, however small the samples.
  private static let largestBatch = 64

  /// Opens the files.
  ///
  /// `batch` nil chooses by the size of a sample.
  init(_ files: [String], _ inputs: [InputSpec], batch: Int?) throws(ShrinkError) {
    data = try Dataset(files, inputs: inputs)
    let elements = data.types(batch: data.fixedBatch ?? 1).values.reduce(0) { $0 + Tensor.count($1.shape) }
    self.batch = data.fixedBatch ?? batch ?? min(Self.largestBatch, max(1, Self.wantedElements / max(elements, 1)))
  }

  /// The first samples, as many as are taken.
  func taken(_ count: Int?) -> [Int] { Array(0..<min(data.sampleCount, count ?? data.sampleCount)) }

  /// The samples as the reduction reads them, and those that it may read.
  ///
  /// Where a run has a fixed size above 1, it counts as one sample.
  func source(_ samples: [Int]) -> (source: SampleSource, samples: [Int]) {
    let data = data
    guard let size = data.fixedBatch, size > 1 else {
      let source = SampleSource(batch: batch) { (samples) throws(ShrinkError) in try data.batch(samples) }
      return (source, samples)
    }
    let runs = data.runs(samples, size: size)
    let source = SampleSource(batch: 1) { (numbers) throws(ShrinkError) in
      try data.batch(numbers.flatMap { runs[$0] })
    }
    return (source, Array(runs.indices))
  }
}

extension ShrinkError {
  fileprivate static func noInput(_ name: String, _ names: [String]) -> ShrinkError {
    ShrinkError(
      .usage, "--shape names '\(name)', which the model has not",
      hint: "its inputs are \(names.map { "'\($0)'" }.joined(separator: ", "))")
  }
  fileprivate static func otherShape(_ name: String, _ shape: [Int]) -> ShrinkError {
    ShrinkError(
      .usage, "--shape \(name):\(shape.map(String.init).joined(separator: ",")) contradicts what the model declares",
      hint: "onnx-shrink inspect shows the declared shapes")
  }
}
