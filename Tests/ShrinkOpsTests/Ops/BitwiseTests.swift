import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct BitwiseTests {
  private let a = Tensor(shape: [3], [12, 5, 255] as [UInt8])

  @Test(arguments: ["BitwiseAnd", "BitwiseOr", "BitwiseXor"])
  func obeysTheLaws(_ name: String) throws {
    let x = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Int32])
    try checkLaws(name, opset: 18, operands: [.tensor(x), .tensor(x)])
  }

  @Test func combinesBits() throws {
    let b = Tensor(UInt8(6))
    #expect(try result("BitwiseAnd", opset: 18, [:], a, b).elements() as [UInt8] == [4, 4, 6])
    #expect(try result("BitwiseOr", opset: 18, [:], a, b).elements() as [UInt8] == [14, 7, 255])
    #expect(try result("BitwiseXor", opset: 18, [:], a, b).elements() as [UInt8] == [10, 3, 249])
  }

  private func shifted<T: TensorElement>(_ direction: String, _ x: [T], _ y: [T]) throws -> [T] {
    try result(
      "BitShift", opset: 28, ["direction": .string(Array(direction.utf8))], Tensor(shape: [x.count], x),
      Tensor(shape: [y.count], y)
    ).elements()
  }

  @Test func shifts() throws {
    #expect(try shifted("LEFT", [16, 4, 1], [1, 2, 8] as [UInt8]) == [32, 16, 0])
    #expect(try shifted("RIGHT", [16, 4, 1], [1, 2, 3] as [UInt64]) == [8, 1, 0])
  }

  /// The sign bit alone is left of what is shifted too far, or by a negative number.
  @Test func shiftsSignedNumbers() throws {
    #expect(try shifted("RIGHT", [-8, -8, -8, 8, 8], [1, 8, -1, 8, -1] as [Int8]) == [-4, -1, -1, 0, 0])
    #expect(try shifted("LEFT", [-8, 64, 1, 1], [1, 1, .min, 64] as [Int64]) == [-16, 128, 0, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("BitwiseAnd", opset: 18, [:], a, Tensor(Int8(1))) }
    #expect(throws: OperatorError.self) { try result("BitwiseAnd", opset: 18, [:], Tensor(Float(1)), Tensor(Float(1))) }
    #expect(throws: OperatorError.self) { try result("BitShift", [:], a, a) }
    #expect(throws: OperatorError.self) { try shifted("AND", [1], [1] as [UInt8]) }
  }
}
