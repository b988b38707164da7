import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Numbers that DequantizeLinear makes, stored again in the way in which they came.
@Suite struct RequantizationTests {
  private static func operation(_ attributes: [String: Attribute.Value]) throws -> DequantizeLinear {
    let list = attributes.map { Attribute($0.key, $0.value) }
    return try DequantizeLinear(
      Attributes(Node("DequantizeLinear", inputs: [], outputs: [], attributes: list), opset: 21))
  }

  private static func packed(_ shape: [Int], _ numbers: [Float], _ dtype: DType) throws -> Tensor {
    try Quantization.stored(Tensor(shape: shape, numbers), dtype)
  }

  private static let codes = [-8, 3, 7, 0, -1, 5, 2, -6] as [Float]

  /// Scales for all, for columns, for blocks of two columns; with and without zero points.
  @Test(arguments: [DType.int8, .int16, .int4], [([], 0), ([4], 0), ([2, 2], 2)] as [([Int], Int)])
  func whatWasStoredComesBack(_ dtype: DType, _ form: ([Int], Int)) throws {
    let count = form.0.reduce(1, *)
    let scale = Tensor(shape: form.0, (0..<count).map { 0.5 + Float($0) / 4 })
    let zero = try Self.packed(form.0, (0..<count).map { Float($0 % 2) }, dtype)
    let operation = try Self.operation(["axis": .int(1), "block_size": .int(Int64(form.1))])
    for zero in [nil, zero] {
      let operands = Operands<Tensor>([try Self.packed([2, 4], Self.codes, dtype), scale] + [zero].compactMap(\.self))
      let numbers = try operation.run(operands)[0]
      let found = try #require(try operation.operands(for: numbers, like: operands))
      #expect(found.items == operands.items)
    }
  }

  @Test func otherNumbersGetScalesOfTheirOwn() throws {
    let operation = try Self.operation(["axis": .int(0)])
    let operands = Operands<Tensor>([
      try Self.packed([2, 4], Self.codes, .uint8), Tensor(shape: [2], [0.1, 0.1] as [Float]),
      try Self.packed([2], [10, 20], .uint8),
    ])
    // One row more than before, with ranges of 6, 1 and none.
    let numbers = Tensor(shape: [3, 2], [-2, 4, 0.5, 1, 0, 0] as [Float])
    let found = try #require(try operation.operands(for: numbers, like: operands))
    #expect(found.items.map { $0?.dtype } == [.uint8, .float32, .uint8] && found[1].shape == [3])
    let again = try operation.run(found)[0].elements(Float.self)
    for (i, (a, b)) in zip(again, numbers.elements(Float.self)).enumerated() {
      #expect(abs(a - b) <= [6, 1, 0][i / 2] / 255)
    }
  }

  /// Not finite, below zero without a zero point, in types that are not quantised.
  @Test func whatCannotBeStored() throws {
    let operation = try Self.operation([:])
    func found(_ number: Float, _ dtype: DType) throws -> Operands<Tensor>? {
      let operands = Operands<Tensor>([try Self.packed([1], [1], dtype), Tensor(Float(1))])
      return try operation.operands(for: Tensor(shape: [1], [number]), like: operands)
    }
    #expect(try found(.infinity, .int8) == nil)
    #expect(try found(-0.3, .uint8) == nil)
    #expect(try found(0.3, .int32) == nil)
    #expect(try found(0.3, .uint8) != nil)
  }
}

/// Tensors of types below a byte, cut.
@Suite struct StoredElementsTests {
  @Test(arguments: [DType.int4, .int8]) func keepsIndices(_ dtype: DType) throws {
    let tensor = try Quantization.stored(Tensor(shape: [2, 3], [1, -2, 3, -4, 5, -6] as [Float]), dtype)
    let cut = try StoredElements.keeping([0, 2], axis: 1, of: tensor)
    #expect(try Quantization.numbers(cut) == Tensor(shape: [2, 2], [1, 3, -4, -6] as [Float]))
  }
}
