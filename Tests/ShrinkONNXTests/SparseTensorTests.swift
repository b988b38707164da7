import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct SparseTensorTests {
  /// A model with one sparse initialiser 's' with one value, 1.5.
  private func model(dims: [Int64], indices: [Int64], shape: [Int64]) -> [UInt8] {
    let values = Wire.message(8, "s") + Wire.number(1, 1) + Wire.number(2, 1) + Wire.message(9, [0, 0, 0xC0, 0x3F])
    let raw = indices.flatMap { index in withUnsafeBytes(of: index.littleEndian) { Array($0) } }
    let at = shape.flatMap { Wire.number(1, $0) } + Wire.number(2, 7) + Wire.message(9, raw)
    let sparse = Wire.message(1, values) + Wire.message(2, at) + dims.flatMap { Wire.number(3, $0) }
    return Wire.model(graph: Wire.message(15, sparse))
  }

  @Test(arguments: [([5], [1]), ([1, 2], [1, 2])] as [([Int64], [Int64])])
  func bothFormsOfIndicesAreRead(_ indices: [Int64], _ shape: [Int64]) throws {
    let bytes = model(dims: [2, 3], indices: indices, shape: shape)
    let graph = try Import.model(bytes: bytes).graph
    #expect(graph.values.first?.constant == Tensor(shape: [2, 3], [0, 0, 0, 0, 0, 1.5] as [Float]))
    #expect(graph.values.first?.constantForm == .sparseInitializer)
    let copy = try Export.bytes(Import.model(bytes: bytes))
    #expect(copy.count == bytes.count)
  }

  @Test(
    arguments: [
      ([2, 3], [6], [1], "its index 6 is outside of [2, 3]"), ([2, 3], [-1], [1], "its index -1 is outside of [2, 3]"),
      ([2, 3], [0, 3], [1, 2], "its index 3 is outside of [2, 3]"),
      ([2, 3], [0, 0], [2], "its indices have shape [2]"),
      ([1 << 20, 1 << 20], [0], [1], "takes more than 256 MB in full"),
      ([-1], [0], [1], "its shape [-1] is impossible"),
    ] as [([Int64], [Int64], [Int64], String)])
  func faultsAreExplained(_ dims: [Int64], _ indices: [Int64], _ shape: [Int64], _ fact: String) {
    let error = importError(model(dims: dims, indices: indices, shape: shape))
    #expect(error?.place == "sparse initialiser 's'")
    #expect(error?.fact.contains(fact) == true, "\(String(describing: error))")
  }

  @Test func aChangedOneIsWrittenInFull() throws {
    var changed = try Import.model(bytes: model(dims: [2], indices: [0], shape: [1]))
    changed.graph.values[0].constant = Tensor(shape: [2], [1, 2] as [Float])
    let back = try Import.model(bytes: Export.bytes(changed)).graph
    #expect(back.values.map(\.constant) == [Tensor(shape: [2], [1, 2] as [Float])])
    #expect(back.values.map(\.constantForm) == [.initializer])
  }
}
