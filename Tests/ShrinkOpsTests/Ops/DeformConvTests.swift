import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct DeformConvTests {
  private let x = Tensor.counting([1, 1, 3, 3])
  private let w = Tensor(shape: [1, 1, 2, 2], [1, 1, 1, 1] as [Float])

  @Test func obeysTheLaws() throws {
    try checkLaws(
      "DeformConv", opset: 19, operands: [.random([1, 1, 3, 3]), .tensor(w), .random([1, 8, 2, 2])],
      removesSomething: false)
  }

  @Test func readsAtOffsets() throws {
    let zero = Tensor(shape: [1, 8, 2, 2], repeating: Float(0))
    #expect(try result("DeformConv", opset: 19, [:], x, w, zero).floats == [8, 12, 20, 24])
    let half = Tensor(shape: [1, 8, 2, 2], (0..<32).map { Float($0 / 4 % 2 == 1 ? 0.5 : 0) })
    let bias = Tensor(shape: [1], [10] as [Float]), mask = Tensor(shape: [1, 4, 2, 2], repeating: Float(0.5))
    // Columns move by a half: the last one fades into the padding.
    #expect(try result("DeformConv", opset: 19, [:], x, w, half).floats == [10, 9.5, 22, 18.5])
    #expect(try result("DeformConv", opset: 19, [:], x, w, zero, bias, mask).floats == [14, 16, 20, 22])
  }

  @Test func refusesWhatDoesNotFit() {
    let zero = Tensor(shape: [1, 8, 2, 2], repeating: Float(0))
    #expect(throws: OperatorError.self) { try result("DeformConv", opset: 19, ["group": .int(2)], x, w, zero) }
    #expect(throws: OperatorError.self) { try result("DeformConv", opset: 19, ["offset_group": .int(2)], x, w, zero) }
    #expect(throws: OperatorError.self) {
      try result("DeformConv", opset: 19, ["pads": .ints([1, 1, 1, 1])], x, w, zero)
    }
    #expect(throws: OperatorError.self) {
      try result("DeformConv", opset: 19, [:], x, w, zero, Tensor.counting([2]))
    }
    #expect(throws: OperatorError.self) {
      try result("DeformConv", opset: 19, [:], Tensor(Float(1)), Tensor(Float(1)), Tensor(Float(1)))
    }
    #expect(throws: OperatorError.self) {
      try result("DeformConv", opset: 19, [:], Tensor.counting([1, 1, 3]), Tensor.counting([1, 1, 2]), zero)
    }
  }
}
