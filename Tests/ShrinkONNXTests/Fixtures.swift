import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkONNX

/// Where the tests find their files.
enum Fixtures {
  /// Root of the package.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  /// The committed models.
  static let models = root.appendingPathComponent("fixtures/models")
  /// The reference models beside the package; absent on most machines.
  static let shared = URL(
    fileURLWithPath: ProcessInfo.processInfo.environment["ONNX_SHRINK_SHARED"] ?? root.path + "/../shared")
  /// The interpreter that has the onnx package; absent where it was not set up.
  static let python: URL? = [root.appendingPathComponent(".venv/bin/python")].first {
    FileManager.default.isExecutableFile(atPath: $0.path)
  }

  /// Path of a committed model.
  static func path(_ name: String) -> String { models.appendingPathComponent(name).path }

  /// Bytes of a committed model.
  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: models.appendingPathComponent(name)))
  }

  /// Paths of the ONNX files of a folder, in order; none where it is absent.
  static func models(in folder: URL) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().map { folder.appendingPathComponent($0).path }
  }

  /// Runs `body` with a fresh folder, which is removed afterwards.
  static func inFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shrink-onnx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// What `check_roundtrip.py` finds different between pairs of files; empty if nothing.
  static func differences(_ pairs: [(String, String)], python: URL) throws -> String {
    let process = Process()
    process.executableURL = python
    let script = root.appendingPathComponent("Tests/python/check_roundtrip.py").path
    process.arguments = [script] + pairs.flatMap { [$0.0, $0.1] }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0
      ? "" : "exit \(process.terminationStatus): " + String(decoding: output, as: UTF8.self)
  }
}

/// The error that reading a model ends with; nil, and a failure of the test, if it can be read.
func importError(_ bytes: [UInt8], _ location: SourceLocation = #_sourceLocation) -> ShrinkError? {
  #expect(throws: ShrinkError.self, sourceLocation: location) { try Import.model(bytes: bytes) }
}
