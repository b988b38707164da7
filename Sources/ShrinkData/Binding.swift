import ShrinkGraph

/// An input and the array that feeds it.
struct Feed: Sendable {
  /// How the first axis of an array is used.
  enum Use: Sendable, Equatable {
    /// One row a sample; rows are stacked.
    case rows
    /// One entry a run: an entry is the whole input.
    case entries
    /// The same for every run.
    case shared
  }
  let input: InputSpec
  let array: DataArray
  var use: Use

  /// The input's tensor for a run over these samples.
  func tensor(_ samples: [Int]) throws(ShrinkError) -> Tensor {
    switch use {
    case .rows: try array.entries(samples, as: input.dtype)
    case .entries: try array.entries(samples, as: input.dtype).reshaped(shape(1))
    case .shared: try array.whole(as: input.dtype)
    }
  }

  /// The shape of that tensor for `count` samples.
  func shape(_ count: Int) -> [Int] {
    switch use {
    case .rows: [count] + array.shape.dropFirst()
    case .entries: Array(array.shape.dropFirst())
    case .shared: array.shape
    }
  }
}

/// Which axis of which array counts samples, from the shapes alone (CLI.md, Data).
///
/// An array with one axis more than its input has one entry a run; one with as many axes counts samples when its length
/// is the number of samples; any other is the same for every run.
struct Binding {
  private(set) var feeds: [Feed] = []
  private(set) var sampleCount = 1
  private(set) var fixedBatch: Int?
  private(set) var diagnostics: [Diagnostic] = []

  /// Binds arrays to inputs, in the same order.
  ///
  /// Throws `badData` for a type or shape that does not fit.
  init(_ inputs: [InputSpec], _ arrays: [DataArray]) throws(ShrinkError) {
    for (input, array) in zip(inputs, arrays) {
      try Self.checkType(input, array)
      feeds.append(Feed(input: input, array: array, use: try Self.firstGuess(input, array)))
      if input.dtype != array.dtype {
        let fact = "holds \(array.dtype), which is converted to the \(input.dtype) of input '\(input.name)'"
        diagnostics.append(Diagnostic(place: array.place, fact: fact))
      }
    }
    try countSamples()
    try fixBatch()
    try checkSymbols()
  }

  private static func checkType(_ input: InputSpec, _ array: DataArray) throws(ShrinkError) {
    guard Conversion.allows(array.dtype, input.dtype) else {
      throw ShrinkError(
        .badData, file: array.file, place: array.place,
        "holds \(array.dtype), where input '\(input.name)' takes \(input.dtype)",
        hint: "convert the samples to \(input.dtype), prepared as the network expects them, and save them again")
    }
  }

  /// What the number of axes says; `rows` may still become `shared` once the number of samples is known.
  private static func firstGuess(_ input: InputSpec, _ array: DataArray) throws(ShrinkError) -> Feed.Use {
    let rank = input.dims.count
    if array.shape.count == rank + 1, fits(array.shape.dropFirst(), input.dims[...]) { return .entries }
    if array.shape.count == rank, fits(array.shape.dropFirst(), input.dims.dropFirst()) {
      return rank == 0 ? .shared : .rows
    }
    throw .shape(input, array)
  }

  private static func fits(_ shape: ArraySlice<Int>, _ dims: ArraySlice<Dim>) -> Bool {
    shape.count == dims.count && zip(shape, dims).allSatisfy { $1.size == nil || $1.size == $0 }
  }

  /// The number of samples: entries decide, then arrays whose input leaves its first axis open, then the longest.
  private mutating func countSamples() throws(ShrinkError) {
    let entries = feeds.filter { $0.use == .entries }
    let open = feeds.filter { $0.use == .rows && $0.input.dims.first?.size == nil }
    let fixed = feeds.filter { $0.use == .rows && $0.input.dims.first?.size != nil }
    guard let leader = Self.longest(entries) ?? Self.longest(open) ?? Self.longest(fixed) else { return }
    sampleCount = leader.array.shape[0]
    guard sampleCount > 0 else { throw .noSamples(leader.array) }
    for i in feeds.indices where feeds[i].use != .shared {
      if try Self.isShared(feeds[i], leader, count: sampleCount) { feeds[i].use = .shared }
    }
  }

  private static func longest(_ feeds: [Feed]) -> Feed? { feeds.max { $0.array.shape[0] < $1.array.shape[0] } }

  /// Whether an array is the same for every run rather than counting the samples that `leader` counts.
  private static func isShared(_ feed: Feed, _ leader: Feed, count: Int) throws(ShrinkError) -> Bool {
    let length = feed.array.shape[0]
    let declared = feed.input.dims.first ?? .unknown
    let wholeRun = declared.size == length && feed.use == .rows
    if leader.use == .entries, feed.use == .rows, let size = declared.size, size != 1 {
      guard wholeRun else { throw .shape(feed.input, feed.array) }
      return true
    }
    if length == count { return false }
    let isOtherSymbol = feed.use == .rows && declared.size == nil && declared != leader.input.dims.first
    guard wholeRun || isOtherSymbol else { throw .counts(feed.array, leader.array) }
    return true
  }

  /// How many samples make a run.
  ///
  /// Inputs that fix it differently must hold one run's worth.
  private mutating func fixBatch() throws(ShrinkError) {
    if feeds.contains(where: { $0.use == .entries }) {
      fixedBatch = 1
      return
    }
    let sizes = feeds.filter { $0.use == .rows }.compactMap { $0.input.dims.first?.size }
    guard let size = sizes.first(where: { $0 != sampleCount }) ?? sizes.first else { return }
    for i in feeds.indices where feeds[i].use == .rows {
      if let other = feeds[i].input.dims.first?.size, other != size { feeds[i].use = .shared }
    }
    fixedBatch = size
    guard let feed = feeds.first(where: { $0.use == .rows }), size > 0, sampleCount >= size else {
      throw .tooFew(feeds[0], size)
    }
    if sampleCount % size != 0 {
      let fact = "holds \(sampleCount) samples; the last \(sampleCount % size) do not fill a run of \(size)"
      diagnostics.append(Diagnostic(place: feed.array.place, fact: fact))
    }
  }

  /// A symbol must have one size in all inputs, sample axes aside.
  private func checkSymbols() throws(ShrinkError) {
    var sizes: [String: (size: Int, feed: Feed)] = [:]
    for feed in feeds {
      let shape = feed.shape(1)
      for (axis, dim) in feed.input.dims.enumerated() {
        guard case .symbol(let name) = dim, !name.isEmpty, !(feed.use == .rows && axis == 0) else { continue }
        if let other = sizes[name], other.size != shape[axis] { throw .symbol(name, feed, shape[axis], other) }
        sizes[name] = (shape[axis], feed)
      }
    }
  }
}

extension ShrinkError {
  fileprivate static func shape(_ input: InputSpec, _ array: DataArray) -> ShrinkError {
    let samples = input.dims.count < 2 ? "" : ": samples on the first axis, each \(input.sampleText)"
    return ShrinkError(
      .badData, file: array.file, place: array.place,
      "has the shape \(shapeText(array.shape)), where input '\(input.name)' takes \(input.shapeText)",
      hint: "save the array with the shape of the input\(samples)")
  }
  fileprivate static func noSamples(_ array: DataArray) -> ShrinkError {
    ShrinkError(
      .badData, file: array.file, place: array.place, "has the shape \(shapeText(array.shape)): it holds zero samples",
      hint: "give at least one sample")
  }
  fileprivate static func counts(_ array: DataArray, _ leader: DataArray) -> ShrinkError {
    ShrinkError(
      .badData, file: array.file, place: array.place,
      "holds \(array.shape[0]) samples, where \(leader.place) holds \(leader.shape[0])",
      hint: "give every input the same number of samples")
  }
  fileprivate static func tooFew(_ feed: Feed, _ size: Int) -> ShrinkError {
    ShrinkError(
      .badData, file: feed.array.file, place: feed.array.place,
      "has the shape \(shapeText(feed.array.shape)), where one run takes \(size) samples",
      hint: "give whole runs of \(size) samples")
  }
  fileprivate static func symbol(
    _ name: String, _ feed: Feed, _ size: Int, _ other: (size: Int, feed: Feed)
  ) -> ShrinkError {
    ShrinkError(
      .badData, file: feed.array.file, place: feed.array.place,
      "gives the axis '\(name)' the size \(size), where \(other.feed.array.place) gives it \(other.size)",
      hint: "axes of the same name must have the same size in every input")
  }
}
