import Foundation
import OnnxShrink
import Testing

@Suite struct LibraryTests {
  private func fixture(_ path: String) -> String { CommandLineTool.fixtures.appendingPathComponent(path).path }

  @Test func theExampleOfTheReadme() throws {
    try CommandLineTool.withFolder { folder in
      var options = Options()
      options.target = .keepParams(0.5)
      let output = folder.appendingPathComponent("small.onnx").path
      let outcome = try OnnxShrink.shrink(
        input: fixture("models/tiny.onnx"), output: output, data: [fixture("data/demo_calib.bin")], options: options)
      #expect(2 * outcome.after.parameters <= outcome.before.parameters)
      #expect(outcome.error ?? 0 > 0 && outcome.groups.contains { $0.after < $0.before })
      #expect(FileManager.default.fileExists(atPath: output))
    }
  }

  @Test func stoppingIsAFailureOfItsOwn() throws {
    try CommandLineTool.withFolder { folder in
      let failure = #expect(throws: Failure.self) {
        try OnnxShrink.shrink(
          input: fixture("models/tiny.onnx"), output: folder.appendingPathComponent("x.onnx").path,
          data: [fixture("data/demo_calib.bin")], progress: { stage, _ in stage == "reading" })
      }
      #expect(failure?.kind == .interrupted && failure?.code == "interrupted")
      let left = try CommandLineTool.contents(folder)
      #expect(left.isEmpty)
    }
  }

  @Test func methodsAndOperatorsAreListed() {
    #expect(OnnxShrink.methods.count > 1)
    #expect(OnnxShrink.operators.contains { $0.name == "Conv" && $0.absorbs })
  }
}
