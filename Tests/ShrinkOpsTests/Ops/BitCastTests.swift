import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct BitCastTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("BitCast", opset: 26, ["to": .int(6)], operands: [.random([2, 3])])
  }

  @Test func readsTheSameBits() throws {
    let x = Tensor(shape: [2], [1, -0.0] as [Float])
    #expect(try result("BitCast", opset: 26, ["to": .int(6)], x) == Tensor(shape: [2], [0x3f80_0000, .min] as [Int32]))
    #expect(throws: OperatorError.self) { try result("BitCast", opset: 26, ["to": .int(7)], x) }
    #expect(throws: OperatorError.self) { try result("BitCast", opset: 26, ["to": .int(99)], x) }
    #expect(throws: OperatorError.self) { try result("BitCast", opset: 26, x) }
  }
}
