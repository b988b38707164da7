import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct BitwiseNotTests {
  @Test func invertsBits() throws {
    #expect(
      try result("BitwiseNot", opset: 18, [:], Tensor(shape: [2], [0, 5] as [Int16])).elements(Int16.self) == [-1, -6])
    #expect(try result("BitwiseNot", opset: 18, [:], Tensor(UInt64(0))).elements(UInt64.self) == [.max])
    #expect(try result("BitwiseNot", opset: 18, [:], Tensor(shape: [0], [] as [UInt8])).shape == [0])
  }

  @Test func refusesFloats() {
    #expect(throws: OperatorError.self) { try result("BitwiseNot", opset: 18, [:], Tensor.counting([2])) }
  }
}
