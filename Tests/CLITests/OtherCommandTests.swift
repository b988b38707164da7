import Foundation
import Testing

@Suite struct OtherCommandTests {
  @Test func verifyOfANetworkWithItself() throws {
    let result = try CommandLineTool.run([
      "verify", "models/demo.onnx", "models/demo.onnx", "--data", "data/demo_dev.npz",
    ])
    #expect(result.status == 0 && result.error.isEmpty)
    #expect(result.out.contains("interface: same") && result.out.contains("10,000 of 10,000"))
  }

  @Test func verifyToleratesAnyDifference() throws {
    let result = try CommandLineTool.run([
      "verify", "models/demo.onnx", "models/tiny.onnx", "--data", "data/small_stored.npz",
    ])
    #expect(result.status == 0 && result.out.contains("agreement"))
  }

  @Test(arguments: ["small.bin", "small.npy", "small_stored.npz", "small_deflated.npz"])
  func runWritesNumpyArrays(_ data: String) throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("o.npz")
      let result = try CommandLineTool.run(
        ["run", "models/tiny.onnx", "--data", "data/\(data)", "--out", output.path, "--samples", "5"])
      #expect(result.status == 0 && result.out.isEmpty && result.error.isEmpty, "\(result.error)")
      #expect(try Data(contentsOf: output).starts(with: Data("PK".utf8)))
      #expect(try CommandLineTool.contents(folder) == ["o.npz"])
    }
  }

  @Test(arguments: [[], ["--data", "data/small.npy"], ["--shape", "image:4,1,12,12"]])
  func inspectListsGroups(_ more: [String]) throws {
    let result = try CommandLineTool.run(["inspect", "models/demo.onnx"] + more)
    #expect(result.status == 0 && result.error.isEmpty)
    #expect(result.out == (try Snapshot.text("inspect-demo.txt")))
  }

  @Test func inspectAsJSON() throws {
    struct Inventory: Decodable {
      struct Group: Decodable { let kind: String, madeBy: [String], passesThrough: [String], readBy: [String] }
      struct Reason: Decodable { let kind: String, text: String }
      struct Pinned: Decodable { let tensor: String?, axis: Int?, units: Int?, madeBy: [String], reasons: [Reason] }
      let parameters: Int, groups: [Group], leftAlone: [Pinned]
    }
    let result = try CommandLineTool.run(["inspect", "models/demo.onnx", "--json"])
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let inventory = try decoder.decode(Inventory.self, from: Data(result.out.utf8))
    #expect(inventory.parameters == 23_946 && inventory.groups.map(\.madeBy) == [["conv1"], ["conv2"], ["gemm1"]])
    #expect(inventory.groups[1].passesThrough == ["Relu", "MaxPool", "Flatten"])
    #expect(inventory.groups.map(\.readBy) == [["conv2"], ["gemm1"], ["gemm2"]])
    let last = try #require(inventory.leftAlone.first)
    #expect(last.tensor == "logits" && last.axis == 1 && last.units == 10 && last.madeBy == ["gemm2"])
    #expect(last.reasons.map(\.kind) == ["graph_output"] && last.reasons[0].text == "graph output 'logits' shows them")
  }

  @Test func inspectNeedsNoKernelForEveryOperator() throws {
    let result = try CommandLineTool.run(["inspect", "models/unsupported_op.onnx"])
    #expect(result.status == 0 && result.out.contains("mystery"), "\(result.error)")
  }

  @Test(arguments: ["", "shrink", "inspect", "verify", "run"])
  func helpIsTheSnapshot(_ command: String) throws {
    let result = try CommandLineTool.run((command.isEmpty ? [] : [command]) + ["--help"])
    #expect(result.status == 0 && result.error.isEmpty)
    #expect(result.out == (try Snapshot.text("help\(command.isEmpty ? "" : "-\(command)").txt")))
  }

  @Test func versionIsANumber() throws {
    #expect(try CommandLineTool.run(["--version"]).out.split(separator: ".").count == 3)
  }
}

/// Texts in `fixtures/snapshots`.
enum Snapshot {
  static func text(_ name: String) throws -> String {
    let file = CommandLineTool.fixtures.appendingPathComponent("snapshots/\(name)")
    return String(decoding: try Data(contentsOf: file), as: UTF8.self)
  }
}
