import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct ExternalDataTests {
  @Test func readsOffsetsAndLengths() throws {
    let model = try Import.model(file: Fixtures.path("roundtrip/external.onnx"))
    #expect(model.hasExternalData)
    let index = model.graph.index()
    func constant(_ name: String) -> Tensor? { index[name].flatMap { model.graph[$0].constant } }
    #expect(constant("aligned")?.elements() == (0..<300).map { Float($0) })
    #expect(constant("odd")?.elements() == (0..<20).map { Float($0) })
    #expect(constant("to_end")?.elements() == (0..<64).map { Int64($0) })
    #expect(constant("aligned")?.storage === constant("to_end")?.storage, "aligned tensors stay in the mapped file")
  }

  @Test func sameFunctionAsEmbedded() throws {
    let inside = try Import.model(file: Fixtures.path("two_layers.onnx")).graph
    let outside = try Import.model(file: Fixtures.path("external_good.onnx")).graph
    let index = inside.index()
    for value in outside.values { #expect(index[value.name].flatMap { inside[$0].constant } == value.constant) }
  }

  @Test(
    arguments: [
      ("external_missing", .io, "is not beside the model"), ("external_short", .malformedModel, "has only 8 bytes"),
      ("external_absolute", .malformedModel, "is not inside the folder of the model"),
      ("external_parent", .malformedModel, "is not inside the folder of the model"),
      ("external_huge_offset", .malformedModel, "from byte 9223372036854775807 of"),
      ("external_negative", .malformedModel, "is '-64', not a number of bytes"),
      ("external_wrong_length", .malformedModel, "needs 128 bytes, but 64 are stored"),
    ] as [(String, ShrinkError.Code, String)])
  func faultsAreExplained(_ name: String, _ code: ShrinkError.Code, _ fact: String) {
    let path = Fixtures.path(name + ".onnx")
    let error = #expect(throws: ShrinkError.self) { try Import.model(file: path) }
    #expect(error?.code == code)
    #expect(error?.file == path)
    #expect(error?.place == "initialiser 'first.weight'")
    #expect(error?.fact.contains(fact) == true, "\(String(describing: error))")
    #expect(error?.hint != nil)
  }

  @Test func linksOutOfTheFolderAreRefused() throws {
    try Fixtures.inFolder { folder in
      let inner = folder.appendingPathComponent("model")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: false)
      let secret = folder.appendingPathComponent("secret.bin")
      try Data(repeating: 0, count: 4096).write(to: secret)
      let path = inner.appendingPathComponent("net.onnx")
      try Data(Fixtures.bytes("external_link.onnx")).write(to: path)
      let link = inner.appendingPathComponent("escaping_link.bin")
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: secret)
      let error = #expect(throws: ShrinkError.self) { try Import.model(file: path.path) }
      #expect(error?.fact.contains("is not inside the folder") == true, "\(String(describing: error))")
    }
  }

  @Test func aModelInMemoryHasNoFolder() throws {
    let bytes = try Fixtures.bytes("external_good.onnx")
    #expect(importError(bytes)?.hint == "open the model by its path")
  }

  @Test func weightsThatWereOutsideGoOutsideAgain() throws {
    try Fixtures.inFolder { folder in
      let path = folder.appendingPathComponent("copy.onnx").path
      let model = try Import.model(file: Fixtures.path("roundtrip/external.onnx"))
      #expect(try Export.write(model, to: path))
      let copy = try Import.model(file: path)
      #expect(copy.hasExternalData)
      #expect(copy.graph.values.map(\.constant) == model.graph.values.map(\.constant))
      #expect(FileManager.default.fileExists(atPath: path + ".data"))
      #expect(try Export.write(model, to: path, weights: .embedded) == false)
      #expect(try Import.model(file: path).hasExternalData == false)
    }
  }

  @Test func aModelMayBeWrittenOverItsOwnData() throws {
    try Fixtures.inFolder { folder in
      let path = folder.appendingPathComponent("net.onnx").path
      try Export.write(try Import.model(file: Fixtures.path("demo.onnx")), to: path, weights: .external)
      let model = try Import.model(file: path)
      try Export.write(model, to: path)
      #expect(try Import.model(file: path).graph.values.map(\.constant) == model.graph.values.map(\.constant))
    }
  }

  @Test func theDataFileMayHaveAnotherNameWhileItIsWritten() throws {
    try Fixtures.inFolder { folder in
      let model = try Import.model(file: Fixtures.path("demo.onnx"))
      let path = folder.appendingPathComponent("copy.onnx").path
      try Export.write(model, to: path, weights: .external, dataPath: path + ".tmp", location: "weights.bin")
      let final = folder.appendingPathComponent("weights.bin").path
      try FileManager.default.moveItem(atPath: path + ".tmp", toPath: final)
      #expect(try Import.model(file: path).graph.values.map(\.constant) == model.graph.values.map(\.constant))
    }
  }
}
