import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Whatever a file holds, an operator computes or refuses it, and never ends the process.
///
/// Each operator runs in a process of its own, so that a trap is one failure; one after the other, since all of them at
/// once would need the memory of all.
@Suite(.serialized) struct RobustnessTests {
  /// Nodes drawn for each operator.
  static let draws = 2000

  @Test(arguments: OperatorTable.all.map { String(describing: $0) })
  func computesOrRefuses(_ name: String) async throws {
    let file: String = FileManager.default.temporaryDirectory.appending(path: "last-words-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    await #expect(processExitsWith: .success) { [name, file = file as String] in
      LastWords.install(file: file)
      try Self.exercise(name)
    }
    if let words = try? String(contentsOfFile: file, encoding: .utf8), !words.isEmpty { Issue.record("\(words)") }
  }

  /// Draws nodes of an operator, and notes the first ones whose rules contradict each other.
  private static func exercise(_ name: String) throws {
    guard let type = OperatorTable.all.first(where: { String(describing: $0) == name }) else { return }
    let (attributes, texts) = try KnownAttributes.of(name)
    var contradictions = 0
    for seed in 0..<UInt64(draws) {
      var random = RandomNode(seed: seed, attributes: attributes, texts: texts)
      let node = random.node(type)
      LastWords.say("seed \(seed): \(node.summary)")
      if contradictions < 4, let contradiction = node.contradiction() {
        LastWords.note("seed \(seed): \(contradiction): \(node.summary)")
        contradictions += 1
      }
      guard let operation = try? node.make() else { continue }
      let huge = node.types.items.map { type in
        type.map { type in
          let shape = random.hugeShape()
          // What no machine can hold is refused before an operator sees it.
          let isChecked = (try? TensorType(type.dtype, shape).check()) != nil
          return TensorType(type.dtype, isChecked ? shape : [])
        }
      }
      LastWords.say("seed \(seed): \(node.opType) of \(huge.map { $0?.shape }), \(node.attributes)")
      _ = try? operation.infer(Operands(huge))
    }
  }
}
