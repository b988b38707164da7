import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct DynamicQuantizeLinearTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("DynamicQuantizeLinear", outputs: 3, operands: [.random([2, 3])], removesSomething: false)
  }

  @Test func findsScaleAndZero() throws {
    let x = Tensor(shape: [4], [-1, 0, 1.55, 0.02] as [Float])
    let y = try results("DynamicQuantizeLinear", outputs: 3, [:], x)
    #expect(y[0] == Tensor(shape: [4], [0, 100, 255, 102] as [UInt8]))
    #expect(abs(y[1].floats[0] - 0.01) < 1e-8)
    #expect(y[2] == Tensor(UInt8(100)))
    let zero = try results("DynamicQuantizeLinear", outputs: 3, [:], Tensor(shape: [2], [0, 0] as [Float]))
    #expect(zero[0] == Tensor(shape: [2], [0, 0] as [UInt8]))
  }

  @Test func refusesOtherTypes() {
    #expect(throws: OperatorError.self) { try result("DynamicQuantizeLinear", [:], Tensor(Double(1))) }
  }
}
