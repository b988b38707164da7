import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct RoundTripTests {
  static let committed = Fixtures.models(in: Fixtures.models.appendingPathComponent("roundtrip"))
  static let reference =
    Fixtures.models(in: Fixtures.shared.appendingPathComponent("models"))
    + Fixtures.models(in: Fixtures.shared.appendingPathComponent("zoo/models"))

  @Test(arguments: committed + reference) func aSecondPassChangesNothing(_ path: String) throws {
    let model = try Import.model(file: path)
    let once = try Export.bytes(model)
    let again = try Import.model(bytes: once)
    #expect(try Export.bytes(again) == once)
    #expect(again.graph.values.map(\.name) == model.graph.values.map(\.name))
    #expect(zip(again.graph.values, model.graph.values).allSatisfy { $0.constant == $1.constant })
    #expect(again.graph.nodes.map(\.opType) == model.graph.nodes.map(\.opType))
  }

  @Test(.enabled(if: Fixtures.python != nil, "needs .venv, see `make test`"), arguments: [committed, reference])
  func onnxFindsNoDifference(_ paths: [String]) throws {
    guard let python = Fixtures.python else { return }
    try Fixtures.inFolder { folder in
      var pairs: [(String, String)] = []
      for (i, path) in paths.enumerated() {
        for weights in [Export.Weights.automatic, .embedded, .external] {
          let copy = folder.appendingPathComponent("\(i)-\(weights).onnx").path
          try Export.write(try Import.model(file: path), to: copy, weights: weights)
          pairs.append((path, copy))
        }
      }
      let found = pairs.isEmpty ? "" : try Fixtures.differences(pairs, python: python)
      #expect(found.isEmpty, "\(found)")
    }
  }

  @Test func writingToAFileAndToMemoryIsTheSame() throws {
    let model = try Import.model(file: Fixtures.path("roundtrip/every_field.onnx"))
    try Fixtures.inFolder { folder in
      let path = folder.appendingPathComponent("copy.onnx").path
      let hasDataFile = try Export.write(model, to: path)
      let written = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let packed = try Export.bytes(model)
      #expect(!hasDataFile)
      #expect(written == packed)
    }
  }

  @Test func unknownFieldsOfEveryMessageSurvive() throws {
    let bytes = try Fixtures.bytes("roundtrip/every_field.onnx")
    let copy = try Export.bytes(Import.model(bytes: bytes))
    #expect(copy.count == bytes.count)
    #expect(unknownFields(in: copy) == unknownFields(in: bytes))
    #expect(unknownFields(in: copy) > 100)
  }

  private func unknownFields(in bytes: [UInt8]) -> Int {
    let mark: [UInt8] = [0xC2, 0x3E, 3] + Array("new".utf8)
    return bytes.indices.filter { bytes[$0...].starts(with: mark) }.count
  }
}
