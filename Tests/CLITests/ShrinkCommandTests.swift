import Foundation
import Testing

@Suite struct ShrinkCommandTests {
  /// What the tests read of a report.
  private struct Report: Decodable {
    struct Group: Decodable {
      let name: String
      let before: Int
      let after: Int
    }
    struct Verdict: Decodable {
      struct Size: Decodable {
        struct Network: Decodable { let parameters: Int }
        let original: Network
        let candidate: Network
      }
      struct Output: Decodable {
        let relative_error: Double
        let close: Int
        let elements: Int
      }
      let size: Size
      let outputs: [Output]
      let interface: [String]
    }
    struct Plan: Decodable {
      struct Entry: Decodable { let kept: [Int] }
      let entries: [Entry]
    }
    let groups: [Group]
    let verdict: Verdict
    let plan: Plan
  }

  private func report(_ text: String) throws -> Report { try JSONDecoder().decode(Report.self, from: Data(text.utf8)) }

  private func shrink(_ model: String, to output: URL, _ arguments: String...) throws -> CommandLineTool.Result {
    let data = model.hasPrefix("two") || model.hasPrefix("external") ? "data/two_p.bin" : "data/demo_calib.bin"
    return try CommandLineTool.run(["models/\(model).onnx", output.path, "--data", data] + arguments)
  }

  @Test func demoBecomesSmallerAndKeepsItsInterface() throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("small.onnx")
      let file = folder.appendingPathComponent("r.json")
      let result = try shrink("demo", to: output, "--report", file.path)
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      #expect(result.out.contains("parameters") && result.out.contains("units kept"))
      let report = try report(String(decoding: try Data(contentsOf: file), as: UTF8.self))
      #expect(report.verdict.size.candidate.parameters < report.verdict.size.original.parameters)
      #expect(report.verdict.outputs.allSatisfy { $0.relative_error <= 0.05 } && report.verdict.interface.isEmpty)
      #expect(try CommandLineTool.contents(folder) == ["r.json", "small.onnx"])
    }
  }

  @Test func jsonReplacesTheSummaryAndQuietSilencesIt() throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("small.onnx")
      let json = try shrink("tiny", to: output, "--keep-params", "0.6", "--json")
      let size = try report(json.out).verdict.size
      #expect(Double(size.candidate.parameters) <= 0.6 * Double(size.original.parameters))
      let quiet = try shrink("tiny", to: output, "--keep-params", "0.6", "--quiet")
      #expect(quiet.status == 0 && quiet.out.isEmpty && quiet.error.isEmpty)
    }
  }

  @Test(arguments: [("demo_planted", "demo"), ("demo_bn_planted", "demo_bn")])
  func losslessFindsWhatWasPlanted(_ model: String, _ original: String) throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("small.onnx")
      let result = try shrink(model, to: output, "--lossless", "--json")
      #expect(result.status == 0, "\(result.error)")
      let report = try report(result.out)
      #expect(report.groups.allSatisfy { 2 * $0.after <= $0.before }, "\(report.groups)")
      #expect(report.verdict.outputs.allSatisfy { $0.close == $0.elements })
    }
  }

  @Test func theSameRunWritesTheSameBytes() throws {
    try CommandLineTool.withFolder { folder in
      let outputs = (0..<2).map { folder.appendingPathComponent("\($0).onnx") }
      let files = try outputs.map { output in
        let result = try shrink("tiny", to: output, "--keep-params", "0.5", "--threads", "2")
        #expect(result.status == 0, "\(result.error)")
        return try Data(contentsOf: output)
      }
      #expect(files[0] == files[1])
    }
  }

  @Test func theNumberOfThreadsDoesNotChangeTheChoice() throws {
    try CommandLineTool.withFolder { folder in
      let outputs = (1...2).map { folder.appendingPathComponent("\($0).onnx") }
      var kept: [[[Int]]] = []
      for (output, threads) in zip(outputs, ["1", "2"]) {
        let result = try shrink("demo", to: output, "--keep-params", "0.4", "--threads", threads, "--json")
        kept.append(try report(result.out).plan.entries.map(\.kept))
      }
      #expect(kept[0] == kept[1])
      let verify = try CommandLineTool.run(
        ["verify", outputs[0].path, outputs[1].path, "--data", "data/demo_dev.npz", "--json"])
      struct Verdict: Decodable { let outputs: [Report.Verdict.Output] }
      let verdict = try JSONDecoder().decode(Verdict.self, from: Data(verify.out.utf8))
      #expect(verdict.outputs.allSatisfy { $0.relative_error < 1e-4 })
    }
  }

  @Test func weightsOutsideStayOutside() throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("small.onnx")
      #expect(try shrink("external_good", to: output, "--lossless").status == 0)
      let files = try CommandLineTool.contents(folder)
      #expect(files.first == "small.onnx" && files.allSatisfy { $0.hasPrefix("small.onnx") })
      let verify = try CommandLineTool.run([
        "verify", "models/two_layers.onnx", output.path, "--data", "data/two_p.bin",
      ])
      #expect(verify.status == 0 && verify.out.contains("interface: same"), "\(verify.error)")
    }
  }

  @Test func aFixedBatchAndTwoInputsWork() throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("small.onnx")
      let fixed = try CommandLineTool.run(
        ["models/fixed_batch.onnx", output.path, "--data", "data/two_p.bin", "--lossless"])
      #expect(fixed.status == 0, "\(fixed.error)")
      let two = try CommandLineTool.run([
        "shrink", "models/two_inputs.onnx", output.path, "--data", "p:data/two_p.bin", "--data", "q:data/two_q.bin",
        "--lossless",
      ])
      #expect(two.status == 0, "\(two.error)")
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalLeavesNothingBehind(_ number: Int32) throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("place")
      try FileManager.default.createDirectory(at: output, withIntermediateDirectories: false)
      let process = try CommandLineTool.start(
        ["models/demo.onnx", output.appendingPathComponent("x.onnx").path, "--data", "data/demo_calib.bin"],
        folder: folder)
      while try process.isRunning && CommandLineTool.contents(output).isEmpty { usleep(2_000) }
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      let result = try CommandLineTool.result(process, folder: folder)
      #expect(result.status == 128 + number)
      #expect(result.error.hasPrefix("onnx-shrink: error: the run was interrupted"))
      #expect(try CommandLineTool.contents(output).isEmpty)
    }
  }
}
