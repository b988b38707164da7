import ShrinkGraph

/// Collects the array for each input, and the labels, from the files that were named.
struct DataSources {
  private let inputs: [InputSpec]
  private var arrays: [String: DataArray] = [:]
  private var extra: [DataArray] = []
  private var files: [String] = []
  /// The array of labels.
  private(set) var labels: DataArray?
  /// Arrays left unused.
  private(set) var diagnostics: [Diagnostic] = []

  private static let labelKey = "label"

  /// Starts with nothing.
  init(inputs: [InputSpec]) { self.inputs = inputs }

  /// Opens one file, by its form.
  ///
  /// Throws `badData` when it is missing, unreadable or for an input that is not clear.
  mutating func open(_ spec: DataSpec) throws(ShrinkError) {
    files.append(spec.path)
    let bytes = try Self.firstBytes(spec.path)
    let isArray = bytes.starts(with: NpyHeader.magic)
    let isZip = bytes.starts(with: [0x50, 0x4B])
    switch spec.path.split(separator: ".").last.map({ $0.lowercased() }) {
    case "bin":
      let input = try input(for: spec)
      try bind(try DataArray(rawFile: spec.path, for: input), to: input.name)
    case "npz": try openZip(spec)
    case "npy": try bind(try DataArray(npyFile: spec.path), to: try input(for: spec).name)
    default:
      if isZip { return try openZip(spec) }
      guard isArray else { throw .unknownForm(spec.path) }
      try bind(try DataArray(npyFile: spec.path), to: try input(for: spec).name)
    }
  }

  /// One array for each input, in their order.
  ///
  /// Throws `badData` naming inputs without one and arrays without input.
  mutating func complete() throws(ShrinkError) -> [DataArray] {
    let names = inputs.map(\.name)
    let missing = names.filter { arrays[$0] == nil }
    if let wrong = extra.first, !missing.isEmpty { throw .noSuchInput(wrong.key, file: wrong.file, inputs: names) }
    guard missing.isEmpty else { throw .missing(missing, file: files.first) }
    diagnostics += extra.map { Diagnostic(place: $0.place, fact: "is for no input of the model and is left unused") }
    return names.compactMap { arrays[$0] }
  }

  private static func firstBytes(_ path: String) throws(ShrinkError) -> [UInt8] {
    let storage = try MappedFile.open(path)
    return withExtendedLifetime(storage) {
      Array(UnsafeRawBufferPointer(start: storage.bytes, count: min(8, storage.byteCount)))
    }
  }

  private func input(for spec: DataSpec) throws(ShrinkError) -> InputSpec {
    if let name = spec.input, let input = inputs.first(where: { $0.name == name }) { return input }
    guard inputs.count == 1, let only = inputs.first else { throw .whichInput(spec.path, inputs.map(\.name)) }
    return only
  }

  private mutating func openZip(_ spec: DataSpec) throws(ShrinkError) {
    let zip = try NpzFile(spec.path)
    let names = Set(inputs.map(\.name))
    let keys = zip.keys.filter { $0 != Self.labelKey || names.contains($0) }
    guard !keys.isEmpty else { throw .noArrays(spec.path) }
    if zip.keys.contains(Self.labelKey), !names.contains(Self.labelKey) { labels = try zip.array(Self.labelKey) }
    if spec.input != nil || inputs.count == 1, let key = keys.first, keys.count == 1 {
      return try bind(try zip.array(key), to: try input(for: spec).name)
    }
    for key in keys {
      let array = try zip.array(key)
      if names.contains(key), spec.input == nil || spec.input == key {
        try bind(array, to: key)
      } else {
        extra.append(array)
      }
    }
  }

  private mutating func bind(_ array: DataArray, to input: String) throws(ShrinkError) {
    guard arrays.updateValue(array, forKey: input) == nil else { throw .twice(array.file, input) }
  }
}

extension ShrinkError {
  fileprivate static func unknownForm(_ path: String) -> ShrinkError {
    ShrinkError(
      .badData, file: path, "is no form of data that can be read",
      hint: "give raw little-endian elements in a .bin file, or a numpy .npy or .npz file")
  }
  fileprivate static func whichInput(_ path: String, _ names: [String]) -> ShrinkError {
    ShrinkError(
      .badData, file: path, "does not say which of the inputs it is for",
      hint: names.isEmpty ? "the model has no inputs" : "write name:\(path), with one of \(quoted(names))")
  }
  fileprivate static func noArrays(_ path: String) -> ShrinkError {
    ShrinkError(.badData, file: path, "holds no arrays for inputs", hint: "save the samples under the inputs' names")
  }
  fileprivate static func missing(_ names: [String], file: String?) -> ShrinkError {
    ShrinkError(
      .badData, file: file, "no data is given for the input\(names.count > 1 ? "s" : "") \(quoted(names))",
      hint: "save an array under this name, or repeat --data as name:file")
  }
  fileprivate static func twice(_ path: String, _ input: String) -> ShrinkError {
    ShrinkError(.badData, file: path, "gives data for the input '\(input)' a second time", hint: "give each input once")
  }
}
