import Foundation
import ShrinkGraph

@testable import ShrinkData

/// Files that the tests read and write.
enum Files {
  /// Root of the package.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// A file that `fixtures/data/make_arrays.py` wrote: elements 0, 1, 2, … of shape 4×2×3.
  static func fixture(_ name: String) -> String { root.appending(path: "fixtures/data/arrays/\(name)").path }

  /// Runs `body` with a fresh folder, which is removed afterwards.
  static func inFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "shrink-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  /// Writes bytes and returns the path.
  static func write(_ bytes: some Sequence<UInt8>, _ name: String, in folder: String) throws -> String {
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// The bytes of little-endian floats.
  static func bytes(_ numbers: [Float]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

  /// The input that the fixtures are for.
  static let input = InputSpec(name: "x", dtype: .float32, dims: [.symbol("batch"), .known(2), .known(3)])

  /// The error that opening data throws, or reading its first samples; nil when none.
  static func failure(_ specs: [String], _ inputs: [InputSpec] = [Files.input]) -> ShrinkError? {
    do {
      let data = try Dataset(specs, inputs: inputs)
      _ = try data.batch(Array(0..<(data.fixedBatch ?? data.sampleCount)))
      return nil
    } catch { return error }
  }
}
