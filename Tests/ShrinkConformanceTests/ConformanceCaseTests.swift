import Foundation
import ShrinkConformance
import Testing

@Suite struct ConformanceCaseTests {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/models")

  /// A folder with a model and what else `body` puts there, gone afterwards.
  private func withCase(_ model: String, _ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "case-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: Self.models.appending(path: model), to: folder.appending(path: "model.onnx"))
    try body(folder)
  }

  @Test func findsFoldersWithAModel() throws {
    try withCase("tiny.onnx") { folder in
      #expect(ConformanceCase.cases(in: folder.path).map(\.folder) == [folder.path])
      #expect(ConformanceCase.cases(in: folder.path + "/nothing").isEmpty)
    }
  }

  @Test func aCaseWithoutDataFails() throws {
    try withCase("tiny.onnx") { folder in
      let result = ConformanceCase(folder: folder.path).run()
      #expect(result.outcome == .failed && result.opset > 0 && !result.operators.isEmpty)
    }
  }

  @Test func whatHasNoKernelIsUnsupported() throws {
    try withCase("unsupported_op.onnx") { folder in
      let data = folder.appending(path: "test_data_set_0")
      try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
      #expect(ConformanceCase(folder: folder.path).run().outcome == .unsupported)
    }
  }

  @Test func whatIsNoModelFails() throws {
    try withCase("text.onnx") { folder in
      #expect(ConformanceCase(folder: folder.path).run().outcome == .failed)
    }
  }
}
