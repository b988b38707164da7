import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct SkeletonTests {
  @Test func weightsStayOutOfIt() throws {
    let bytes = Wire.model(tensor: Wire.message(9, [UInt8](repeating: 7, count: 40_000)), dims: [10_000], dtype: 1)
    let skeleton = try bytes.withUnsafeBytes { try Skeleton.bytes(ofModel: $0) }
    #expect(skeleton.count < 60)
    #expect(try Import.model(bytes: bytes).graph.values.first?.constant?.byteCount == 40_000)
  }

  @Test(arguments: [60, 2000]) func deepNestingIsRefused(_ depth: Int) {
    let error = importError(Wire.model(graph: Wire.message(11, Wire.message(1, "x") + Wire.message(2, nested(depth)))))
    #expect(error?.fact == "messages are nested more than 100 deep")
  }

  @Test func shallowNestingIsRead() throws {
    let bytes = Wire.model(graph: Wire.message(11, Wire.message(1, "x") + Wire.message(2, nested(40))))
    #expect(try Export.bytes(Import.model(bytes: bytes)).count == bytes.count)
  }

  /// The type of a sequence of sequences.
  private func nested(_ depth: Int) -> [UInt8] {
    (0..<depth).reduce([]) { type, _ in Wire.message(4, Wire.message(1, type)) }
  }

  @Test(
    arguments: [
      (Wire.varint(7 << 3 | 2) + [0x7F], "a field runs past the end of what holds it, at byte 2"),
      (Wire.varint(7 << 3 | 2) + [UInt8](repeating: 0xFF, count: 9) + [1], "a field runs past the end"),
      ([UInt8](repeating: 0xFF, count: 12), "this is not the binary form of an ONNX model"),
      ([0x0B, 0x0C], "this is not the binary form of an ONNX model"), ([0x00], "this is not the binary form"),
      (Array("A page of text, not a model.\n".utf8), ""), (Wire.message(2, [65, 0, 66]), "holds a zero byte"),
      (Wire.message(7, []) + Wire.message(7, []), "field 'graph' is given twice"),
      (Wire.number(7, 1), "this is not an ONNX model: a field has not the form that ONNX gives it"),
    ] as [([UInt8], String)])
  func brokenBytesAreExplained(_ bytes: [UInt8], _ fact: String) {
    let error = importError(bytes)
    #expect(error?.code == .malformedModel)
    #expect(error?.fact.contains(fact) == true || fact.isEmpty, "\(String(describing: error))")
  }

  @Test func everyCutIsAnErrorOrAModel() throws {
    let bytes = try Fixtures.bytes("two_layers.onnx")
    for count in 0..<bytes.count { expectModelOrError(Array(bytes.prefix(count))) }
  }

  @Test(arguments: [
    "roundtrip/every_field", "roundtrip/typed", "roundtrip/constants", "roundtrip/control_flow", "two_layers",
  ])
  func changedBytesNeverTrap(_ name: String) throws {
    let bytes = try Fixtures.bytes(name + ".onnx")
    var random = SplitMix(state: 20_240_601)
    for _ in 0..<1000 {
      var changed = bytes
      for _ in 0..<(1 + Int(random.next() % 3)) {
        let at = Int(random.next() % UInt64(changed.count))
        switch random.next() % 4 {
        case 0: changed[at] ^= UInt8(1 << (random.next() % 8))
        case 1: changed[at] = UInt8(truncatingIfNeeded: random.next())
        case 2: changed.remove(at: at)
        default: changed.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        }
      }
      expectModelOrError(changed)
    }
  }

  /// Reading either fails with a fact or gives a model that can be written.
  private func expectModelOrError(_ bytes: [UInt8]) {
    do throws(ShrinkError) {
      _ = try Export.bytes(Import.model(bytes: bytes))
    } catch {
      #expect(error.code == .malformedModel || error.code == .unsupportedVersion || error.code == .io, "\(error)")
      #expect(!error.fact.isEmpty)
    }
  }
}

/// A small random generator with a seed (Steele, Lea, Flood 2014).
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
