import Foundation
import ShrinkGraph
import ShrinkONNX
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

/// Nodes of ONNX's own conformance cases with something in them changed are computed or refused; none ends the process.
///
/// Needs the package of cases (Debian's libonnx-testdata). A share of them at a time runs in a process of its own.
@Suite(.serialized) struct MutatedCasesTests {
  static let folder = "/usr/share/libonnx-testdata/data/node"
  static let shares = 32
  /// Mutations of each node.
  static let draws = 20

  static let cases: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

  @Test(.enabled(if: !cases.isEmpty), arguments: 0..<shares)
  func computesOrRefuses(_ share: Int) async throws {
    let file: String = FileManager.default.temporaryDirectory.appending(path: "last-words-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    await #expect(processExitsWith: .success) { [share, file = file as String] in
      LastWords.install(file: file)
      for name in Self.cases.indices.filter({ $0 % Self.shares == share }).map({ Self.cases[$0] }) {
        try Self.exercise(name)
      }
    }
    if let words = try? String(contentsOfFile: file, encoding: .utf8), !words.isEmpty { Issue.record("\(words)") }
  }

  private static func exercise(_ name: String) throws {
    for node in (try? nodes(of: name)) ?? [] {
      guard let type = OperatorTable.all.first(where: { $0.domain == node.domain && $0.names.contains(node.opType) })
      else { continue }
      let (attributes, texts) = try KnownAttributes.of(String(describing: type))
      for seed in 0..<UInt64(draws) {
        var random = RandomNode(seed: seed, attributes: attributes, texts: texts)
        let mutation = random.mutation(of: node)
        LastWords.say("\(name) seed \(seed): \(mutation.summary)")
        if let contradiction = mutation.contradiction() {
          LastWords.note("\(name) seed \(seed): \(contradiction): \(mutation.summary)")
        }
      }
    }
  }

  /// The nodes of a case with the operands that they get.
  private static func nodes(of name: String) throws -> [NodeCase] {
    let graph = try Import.model(file: "\(folder)/\(name)/model.onnx").graph
    var feeds: [ValueID: Tensor] = [:]
    for (slot, input) in graph.inputs.enumerated() where graph[input].constant == nil {
      feeds[input] = try Import.tensor(file: "\(folder)/\(name)/test_data_set_0/input_\(slot).pb")
    }
    var found: [NodeCase] = []
    _ = try Executor(graph).run(feeds) { (step, operands, _) throws(ShrinkError) in
      let node = graph[step]
      guard operands.present.allSatisfy({ $0.count <= 4096 }) else { return }
      let attributes = Dictionary(node.attributes.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
      found.append(
        NodeCase(
          node.opType, domain: node.domain, opset: graph.opset(of: node), outputs: node.outputs.count, attributes,
          operands: operands.items)
      )
    }
    return found
  }
}
