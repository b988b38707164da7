import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct OperatorTableTests {
  /// Names of the files in Sources/ShrinkOps/Ops, without their endings.
  private var files: [String] {
    get throws {
      let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let folder = root.appending(path: "Sources/ShrinkOps/Ops").path
      return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
        .map { String($0.dropLast(6)) }.sorted()
    }
  }

  @Test func holdsEveryFileInOps() throws {
    #expect(try files == OperatorTable.all.map { String(describing: $0) }.sorted())
  }

  @Test func standsInAlphabeticalOrder() {
    let names = OperatorTable.all.map { String(describing: $0) }
    #expect(names == names.sorted())
  }

  @Test func knowsEveryNameOnceAtAVersion() {
    for (i, a) in OperatorTable.all.enumerated() {
      for b in OperatorTable.all[(i + 1)...] where a.domain == b.domain && a.opsets.overlaps(b.opsets) {
        #expect(Set(a.names).isDisjoint(with: b.names), "\(a) and \(b)")
      }
    }
  }

  @Test func refusesUnknownOperators() {
    let error = #expect(throws: OperatorError.self) {
      try OperatorTable.make(Node("NoSuchOperator", inputs: [], outputs: []), opset: 17)
    }
    #expect(error?.code == .unsupportedOperator)
  }

  @Test func knowsOperatorsByDomain() throws {
    let x = [ValueID(0)], y = [ValueID(1)]
    let plain = try OperatorTable.make(Node("Gelu", inputs: x, outputs: y), opset: 20)
    let fused = try OperatorTable.make(Node("Gelu", domain: "com.microsoft", inputs: x, outputs: y), opset: 1)
    #expect(plain is Activation && fused is FusedGelu)
    for (domain, opset) in [("com.microsoft", 20), ("org.example", 1), ("", 1)] {
      let error = #expect(throws: OperatorError.self) {
        try OperatorTable.make(Node("Gelu", domain: domain, inputs: x, outputs: y), opset: opset)
      }
      #expect(error?.code == .unsupportedOperator)
    }
  }
}
