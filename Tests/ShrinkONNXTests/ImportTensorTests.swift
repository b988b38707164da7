import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct ImportTensorTests {
  @Test func bothEncodingsHoldTheSame() throws {
    let raw = try Import.model(file: Fixtures.path("roundtrip/raw.onnx")).graph
    let typed = try Import.model(file: Fixtures.path("roundtrip/typed.onnx")).graph
    let index = typed.index()
    var seen = Set<DType>()
    for value in raw.values {
      guard let constant = value.constant, let other = index[value.name] else { continue }
      #expect(typed[other].constant == constant, "\(value.name)")
      seen.insert(constant.dtype)
    }
    #expect(seen == Set(DType.allCases).subtracting([.string]))
    #expect(index["STRING"].flatMap { typed[$0].constant?.shape } == [2, 2])
  }

  @Test func elementsAreRead() throws {
    let graph = try Import.model(file: Fixtures.path("roundtrip/typed.onnx")).graph
    let index = graph.index()
    func constant(_ name: String) -> Tensor? { index[name].flatMap { graph[$0].constant } }
    #expect(constant("FLOAT")?.elements() == [0, 1, 1, 0, 1, 1, 1] as [Float])
    #expect(constant("INT8")?.elements() == [0, -1, 2, -3, 100, -128, 127] as [Int8])
    #expect(constant("INT64")?.elements() == [0, -1, 2, -3, 100, -128, 127] as [Int64])
    #expect(constant("BOOL")?.elements() == [false, true, true, false, true, true, true])
    #expect(constant("INT4")?.withBytes { Array($0) } == [0x10, 0x01, 0x11, 0x01])
    #expect(constant("FLOAT16")?.withBytes { Array($0.prefix(4)) } == [0, 0, 0, 0x3C])
    #expect(constant("empty")?.shape == [0, 3])
    #expect(constant("scalar")?.elements() == [2.5] as [Float])
  }

  @Test(
    arguments: [
      ([3], 1, "its shape [3] needs 12 bytes, but 8 are stored"),
      ([-2], 1, "its shape [-2] has a negative size, or more elements than can be counted"),
      ([1 << 40, 1 << 40], 1, "has a negative size, or more elements than can be counted"),
      ([1 << 61], 11, "has a negative size, or more elements than can be counted"),
      ([2], 99, "it has element type 99, which ONNX 1.23 does not know"),
      ([2], 0, "it has element type 0, which ONNX 1.23 does not know"),
      ([2], 8, "its shape [2] needs 2 strings, but 0 are stored"),
    ] as [([Int64], Int64, String)])
  func wrongCountsAreExplained(_ dims: [Int64], _ dtype: Int64, _ fact: String) {
    let eight = Wire.message(9, [UInt8](repeating: 0, count: 8))
    let error = importError(Wire.model(tensor: eight, dims: dims, dtype: dtype))
    #expect(error?.place == "initialiser 'w'")
    #expect(error?.fact.contains(fact) == true, "\(String(describing: error))")
  }

  @Test func typedCountsAreChecked() {
    let model = Wire.model(tensor: Wire.message(4, [0, 0, 128, 63]), dims: [2], dtype: 1)
    #expect(importError(model)?.fact == "its shape [2] needs 2 numbers, but 1 are stored")
  }

  @Test(arguments: [9, 5] as [UInt64]) func booleansAreZeroOrOne(_ field: UInt64) {
    let error = importError(Wire.model(tensor: Wire.message(field, [2]), dims: [1], dtype: 9))
    #expect(error?.fact == "a boolean in it is neither 0 nor 1")
  }

  @Test func segmentsAreRefused() {
    let model = Wire.model(tensor: Wire.message(3, Wire.number(1, 0)) + Wire.message(9, [1]), dims: [1], dtype: 2)
    #expect(importError(model)?.fact.contains("segments") == true)
  }

  @Test func unpackedNumbersAreRead() throws {
    let one: [UInt8] = Wire.varint(4 << 3 | 5) + [0, 0, 128, 63]
    let graph = try Import.model(bytes: Wire.model(tensor: one + one, dims: [2], dtype: 1)).graph
    #expect(graph.values.first?.constant == Tensor(shape: [2], [1, 1] as [Float]))
  }
}
