import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct BitwiseNotTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("BitwiseNot", opset: 18, operands: [.tensor(Tensor(shape: [2, 2], [1, 2, 3, 4] as [Int32]))])
  }

  @Test func invertsBits() throws {
    #expect(try result("BitwiseNot", opset: 18, [:], .integers(0, -5, .max)) == .integers(-1, 4, .min))
    #expect(try result("BitwiseNot", opset: 18, [:], Tensor(UInt16(1))).elements() as [UInt16] == [65534])
  }

  @Test func refusesOtherTypes() {
    #expect(throws: OperatorError.self) { try result("BitwiseNot", opset: 18, [:], Tensor(true)) }
  }
}
