import Foundation
import Testing

/// The real binary, run in the folder of the fixtures.
struct CommandLineTool {
  /// What a run left behind.
  struct Result {
    let status: Int32
    let out: String
    let error: String
  }

  /// The folder of the fixtures.
  static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("fixtures")

  /// The binary beside the test bundle.
  static let binary: URL = {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    let beside = bundle.resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("onnx-shrink")
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    return fixtures.deletingLastPathComponent().appendingPathComponent(".build/debug/onnx-shrink")
  }()

  /// Starts the binary; its output goes to files in `folder`.
  static func start(_ arguments: [String], folder: URL) throws -> Process {
    let process = Process()
    process.executableURL = binary
    process.arguments = arguments
    process.currentDirectoryURL = fixtures
    process.standardInput = FileHandle.nullDevice
    for (name, stream) in [("out", \Process.standardOutput), ("error", \Process.standardError)] {
      let file = folder.appendingPathComponent(name)
      try Data().write(to: file)
      process[keyPath: stream] = try FileHandle(forWritingTo: file)
    }
    try process.run()
    return process
  }

  /// Runs the binary to its end.
  @discardableResult
  static func run(_ arguments: [String]) throws -> Result {
    try withFolder { folder in
      let process = try start(arguments, folder: folder)
      process.waitUntilExit()
      return try result(process, folder: folder)
    }
  }

  /// What a process that has ended left behind.
  static func result(_ process: Process, folder: URL) throws -> Result {
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }
    #expect(process.terminationReason == .exit, "ended by signal \(process.terminationStatus)")
    return Result(status: process.terminationStatus, out: try text("out"), error: try text("error"))
  }

  /// Lends a fresh folder.
  static func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-shrink-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// Everything in a folder, hidden files included.
  static func contents(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }
}
