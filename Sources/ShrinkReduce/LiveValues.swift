import Foundation
import ShrinkGraph

/// The activations at the current cut of a walk, for both networks and every run; dropped after their last reader.
struct LiveValues {
  private struct Entry {
    var original: [Kept?]
    /// What the compressed network delivers; nil while it is the same.
    var small: [Kept?]?
  }
  private var entries: [ValueID: Entry] = [:]
  private var runs = 0
  /// Values whose last reader is each step; outputs are never dropped.
  private let lastRead: [[ValueID]]
  private var spill: Spill

  init(_ graph: Graph, steps: [NodeID], memory: Int) {
    let index = graph.captureIndex()
    var last: [ValueID: Int] = [:]
    for (s, node) in steps.enumerated() {
      let named = graph.operands(of: graph[node], index) + graph[node].outputs
      for value in named.compactMap(\.self) { last[value] = s }
    }
    var lists = [[ValueID]](repeating: [], count: steps.count)
    for (value, s) in last where !graph.outputs.contains(value) { lists[s].append(value) }
    lastRead = lists
    spill = Spill(limit: memory)
  }

  mutating func start(runs: Int) { self.runs = runs }

  mutating func set(_ value: ValueID, run: Int, original: Tensor, small: Tensor?) throws(ShrinkError) {
    let kept = try spill.keep(original)
    if entries[value] == nil {
      entries[value] = Entry(original: [Kept?](repeating: nil, count: runs), small: nil)
    }
    entries[value]?.original[run] = kept
    if let small { try setSmall(value, run: run, small) }
  }

  mutating func setSmall(_ value: ValueID, run: Int, _ tensor: Tensor) throws(ShrinkError) {
    let kept = try spill.keep(tensor)
    if entries[value]?.small == nil { entries[value]?.small = [Kept?](repeating: nil, count: runs) }
    if let old = entries[value]?.small?[run] { spill.drop(old) }
    entries[value]?.small?[run] = kept
  }

  func isTouched(_ value: ValueID) -> Bool { entries[value]?.small != nil }

  func tensor(_ value: ValueID, run: Int, small: Bool) -> Tensor? {
    guard let entry = entries[value] else { return nil }
    return (small ? entry.small ?? entry.original : entry.original)[run]?.tensor
  }

  /// Drops what no step after this one reads of one run.
  mutating func release(after step: Int, run: Int) {
    for value in lastRead[step] {
      if let kept = entries[value]?.original[run] { spill.drop(kept) }
      if let kept = entries[value]?.small?[run] { spill.drop(kept) }
      entries[value]?.original[run] = nil
      entries[value]?.small?[run] = nil
    }
  }

  /// The same of every run.
  mutating func release(after step: Int) {
    for value in lastRead[step] {
      guard let entry = entries.removeValue(forKey: value) else { continue }
      for kept in entry.original + (entry.small ?? []) { if let kept { spill.drop(kept) } }
    }
    spill.trim()
  }
}

/// A tensor in memory, or the place in a file where its elements stand.
private enum Kept {
  case memory(Tensor)
  case file(Mapping, DType, [Int])

  /// The tensor; of a file, only what is read comes into memory, and it goes with the last reader.
  var tensor: Tensor {
    switch self {
    case .memory(let tensor): return tensor
    case .file(let mapping, let dtype, let shape):
      let storage = TensorStorage(borrowing: mapping.address, byteCount: mapping.byteCount) { _ in mapping.rest() }
      return Tensor(dtype: dtype, shape: shape, storage: storage)
    }
  }

  var byteCount: Int {
    switch self {
    case .memory(let tensor): tensor.byteCount
    case .file: 0
    }
  }
}

/// Bytes of an unlinked temporary file, which the system frees with the mapping.
private final class Mapping: @unchecked Sendable {
  // Written before it is shared, then read alone.
  let address: UnsafeMutableRawPointer
  let byteCount: Int

  /// Writes `bytes` to a file and maps it.
  init(_ bytes: UnsafeRawBufferPointer) throws(ShrinkError) {
    let folder = FileManager.default.temporaryDirectory.path
    var template = Array("\(folder)/onnx-shrink-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { throw .spill(folder) }
    defer { close(file) }
    unlink(template)
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      guard written > 0 else { throw .spill(folder) }
      rest = rest.dropFirst(written)
    }
    guard let address = mmap(nil, bytes.count, PROT_READ, MAP_SHARED, file, 0), address != MAP_FAILED else {
      throw .spill(folder)
    }
    self.address = address
    byteCount = bytes.count
  }

  /// Gives back the memory of what has been read; the file still holds it.
  func rest() { madvise(address, byteCount, MADV_DONTNEED) }

  deinit { munmap(address, byteCount) }
}

/// Keeps activations in memory up to a limit and in temporary files beyond it.
private struct Spill {
  private let limit: Int
  private var used = 0
  /// Bytes that have come since memory was last given back.
  private var passed = 0
  /// As many are worth a walk through the heap.
  private static let worthATrim = 1 << 31

  init(limit: Int) { self.limit = limit }

  mutating func keep(_ tensor: Tensor) throws(ShrinkError) -> Kept {
    passed += tensor.byteCount
    guard used + tensor.byteCount > limit, tensor.byteCount > 1 << 16 else {
      used += tensor.byteCount
      return .memory(tensor)
    }
    return .file(try tensor.withBytes { (bytes) throws(ShrinkError) in try Mapping(bytes) }, tensor.dtype, tensor.shape)
  }

  mutating func drop(_ kept: Kept) { used -= kept.byteCount }

  /// Gives the holes in the heap back to the system: tensors of many sizes come and go, and the holes would add up.
  mutating func trim() {
    guard passed > Self.worthATrim else { return }
    passed = 0
    _ = Self.mallocTrim?(0)
  }

  /// The GNU C library's `malloc_trim`, which its Swift module leaves out; nil with another C library.
  private static let mallocTrim = dlopen(nil, RTLD_NOW).flatMap { dlsym($0, "malloc_trim") }.map {
    unsafeBitCast($0, to: (@convention(c) (Int) -> Int32).self)
  }
}

extension ShrinkError {
  fileprivate static func spill(_ folder: String) -> ShrinkError {
    ShrinkError(
      .io, file: folder, "no room for a temporary file of activations",
      hint: "free disk space, name another folder in TMPDIR, raise --memory, or use fewer --samples")
  }
}
