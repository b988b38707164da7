import ArgumentParser
import Foundation
import OnnxShrink

/// `onnx-shrink conformance FOLDER…`: ONNX's backend tests through the engine, for `make conformance`.
struct ConformanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance", abstract: "Run ONNX's own conformance cases.", shouldDisplay: false)

  @Argument(help: "Folders of cases, or of folders of cases.") var folders: [String]
  @Option(help: "Run only cases whose path contains this text; may be repeated.") var filter: [String] = []
  @Flag(help: "Print passed cases as well.") var all = false
  @Option(help: "Relative tolerance.") var relative = 1e-3
  @Option(help: "Absolute tolerance.") var absolute = 1e-7
  @Option(help: "Write the results to this file as JSON.") var json: String?

  /// Runs the cases; the status is 1 when one failed.
  func run() throws {
    let results = OnnxShrink.conformance(
      folders: folders, filters: filter, tolerance: (relative, absolute)
    ) { result in
      if all || result.outcome != .passed {
        Printing.out(["\(result.outcome.rawValue) \(result.name) (opset \(result.opset)): \(result.reason ?? "")"])
      }
    }
    if let json { try JSONEncoder().encode(results).write(to: URL(filePath: json)) }
    let count = { (outcome: String) in results.count { $0.outcome.rawValue == outcome } }
    Printing.out([
      "\(results.count) cases: \(count("passed")) passed, \(count("failed")) failed, "
        + "\(count("unsupported")) unsupported"
    ])
    if results.contains(where: { $0.outcome == .failed }) { throw ExitCode(1) }
  }
}
