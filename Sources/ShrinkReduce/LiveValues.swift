import Foundation
import ShrinkGraph

/// The activations at the current cut of a walk, for both networks and every run; dropped after their last reader.
struct LiveValues {
  private struct Entry {
    var original: [Tensor?]
    /// What the compressed network delivers; nil while it is the same.
    var small: [Tensor?]?
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
      entries[value] = Entry(original: [Tensor?](repeating: nil, count: runs), small: nil)
    }
    entries[value]?.original[run] = kept
    if let small { try setSmall(value, run: run, small) }
  }

  mutating func setSmall(_ value: ValueID, run: Int, _ tensor: Tensor) throws(ShrinkError) {
    let kept = try spill.keep(tensor)
    if entries[value]?.small == nil { entries[value]?.small = [Tensor?](repeating: nil, count: runs) }
    entries[value]?.small?[run] = kept
  }

  func isTouched(_ value: ValueID) -> Bool { entries[value]?.small != nil }

  func tensor(_ value: ValueID, run: Int, small: Bool) -> Tensor? {
    guard let entry = entries[value] else { return nil }
    return small ? (entry.small ?? entry.original)[run] : entry.original[run]
  }

  mutating func release(after step: Int) {
    for value in lastRead[step] {
      guard let entry = entries.removeValue(forKey: value) else { continue }
      for tensor in entry.original + (entry.small ?? []) { if let tensor { spill.drop(tensor) } }
    }
  }
}

/// Keeps activations in memory up to a limit and in an unlinked temporary file beyond it.
private struct Spill {
  private let limit: Int
  private var used = 0

  init(limit: Int) { self.limit = limit }

  /// The tensor itself while there is room, a mapped copy of it otherwise.
  mutating func keep(_ tensor: Tensor) throws(ShrinkError) -> Tensor {
    guard used + tensor.byteCount > limit, tensor.byteCount > 1 << 16 else {
      used += tensor.byteCount
      return tensor
    }
    let mapped = try Self.mapped(tensor.byteCount)
    tensor.withBytes {
      mapped.bytes.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(mapped.bytes), byteCount: $0.count)
    }
    used += tensor.byteCount
    return Tensor(dtype: tensor.dtype, shape: tensor.shape, storage: mapped)
  }

  mutating func drop(_ tensor: Tensor) { used -= tensor.byteCount }

  /// Bytes of a temporary file that has no name any more: the system writes them out and frees them with the mapping.
  private static func mapped(_ byteCount: Int) throws(ShrinkError) -> TensorStorage {
    let folder = FileManager.default.temporaryDirectory.path
    var template = Array("\(folder)/onnx-shrink-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    guard file >= 0 else { throw .spill(folder) }
    defer { close(file) }
    unlink(template)
    guard posix_fallocate(file, 0, byteCount) == 0 else { throw .spill(folder) }
    let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    guard let address, address != MAP_FAILED else { throw .spill(folder) }
    return TensorStorage(borrowing: address, byteCount: byteCount) { munmap($0, byteCount) }
  }
}

extension ShrinkError {
  fileprivate static func spill(_ folder: String) -> ShrinkError {
    ShrinkError(
      .io, file: folder, "no room for a temporary file of activations",
      hint: "free disk space, name another folder in TMPDIR, raise --memory, or use fewer --samples")
  }
}
