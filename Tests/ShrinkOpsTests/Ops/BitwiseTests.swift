import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct BitwiseTests {
  private func shift(_ direction: String) -> [String: Attribute.Value] { ["direction": .string(Array(direction.utf8))] }

  @Test func joinsBits() throws {
    let (a, b) = (Tensor(shape: [2, 1], [0b1100, -1] as [Int8]), Tensor(shape: [2], [0b1010, 1] as [Int8]))
    #expect(try result("BitwiseAnd", opset: 18, [:], a, b).elements(Int8.self) == [0b1000, 0, 0b1010, 1])
    #expect(try result("BitwiseOr", opset: 18, [:], a, b).elements(Int8.self) == [0b1110, 0b1101, -1, -1])
    #expect(try result("BitwiseXor", opset: 18, [:], a, b).elements(Int8.self) == [0b0110, 0b1101, -11, -2])
  }

  @Test func shiftsBits() throws {
    let (a, b) = (Tensor(shape: [3], [1, 0x81, 0xff] as [UInt8]), Tensor(shape: [3], [7, 1, 8] as [UInt8]))
    #expect(try result("BitShift", shift("LEFT"), a, b).elements(UInt8.self) == [0x80, 2, 0])
    #expect(try result("BitShift", shift("RIGHT"), a, b).elements(UInt8.self) == [0, 0x40, 0])
    let (c, d) = (Tensor(shape: [4], [-8, -8, -8, 8] as [Int64]), Tensor(shape: [4], [1, -1, 64, .min] as [Int64]))
    #expect(try result("BitShift", opset: 28, shift("RIGHT"), c, d).elements(Int64.self) == [-4, -1, -1, 0])
    #expect(try result("BitShift", opset: 28, shift("LEFT"), c, d).elements(Int64.self) == [-16, 0, 0, 0])
  }

  @Test func refusesWhatHasNoBits() {
    let x = Tensor.counting([2])
    #expect(throws: OperatorError.self) { try result("BitwiseAnd", opset: 18, [:], x, x) }
    #expect(throws: OperatorError.self) { try result("BitShift", [:], .integers(1), .integers(1)) }
    #expect(throws: OperatorError.self) { try result("BitShift", shift("UP"), .integers(1), .integers(1)) }
    #expect(throws: OperatorError.self) {
      try result("BitwiseOr", opset: 18, [:], .integers(1), Tensor(shape: [1], [1] as [Int32]))
    }
    #expect(throws: OperatorError.self) { try result("BitwiseOr", opset: 18, [:], .integers(1, 2), .integers(1, 2, 3)) }
  }
}
