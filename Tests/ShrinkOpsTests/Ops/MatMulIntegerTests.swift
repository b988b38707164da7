import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct MatMulIntegerTests {
  private let a = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6] as [UInt8])
  private let b = Tensor(shape: [3, 2], [1, -1, 2, -2, 3, -3] as [Int8])

  @Test func obeysTheLaws() throws {
    try checkLaws("MatMulInteger", operands: [.tensor(a), .tensor(b)], removesSomething: false)
  }

  @Test func multiplies() throws {
    #expect(try result("MatMulInteger", [:], a, b) == Tensor(shape: [2, 2], [14, -14, 32, -32] as [Int32]))
    let rows = Tensor(shape: [2], [1, 2] as [UInt8]), columns = Tensor(shape: [2], [1, -1] as [Int8])
    #expect(
      try result("MatMulInteger", [:], a, b, rows, columns) == Tensor(shape: [2, 2], [5, -5, 11, -11] as [Int32]))
    let vector = Tensor(shape: [3], [1, 2, 3] as [UInt8])
    #expect(try result("MatMulInteger", [:], vector, b) == Tensor(shape: [2], [14, -14] as [Int32]))
    #expect(try result("MatMulInteger", [:], a, vector) == Tensor(shape: [2], [14, 32] as [Int32]))
    let batch = Tensor(shape: [2, 1, 1, 1], [1, 2] as [UInt8]), other = Tensor(shape: [2, 1, 1], [3, 4] as [UInt8])
    #expect(
      try result("MatMulInteger", [:], batch, other) == Tensor(shape: [2, 2, 1, 1], [3, 4, 6, 8] as [Int32]))
  }

  /// Sums that float32 does not hold.
  @Test func isExact() throws {
    let k = 1001
    let x = Tensor(shape: [1, k], [1] + [UInt8](repeating: 255, count: k - 1))
    let y = Tensor(shape: [k, 1], [1] + [UInt8](repeating: 255, count: k - 1))
    #expect(try result("MatMulInteger", [:], x, y) == Tensor(shape: [1, 1], [65_025_001] as [Int32]))
  }

  @Test func quantizesAgain() throws {
    let one = Tensor(Float(0.5)), zero = Tensor(UInt8(0)), zeroB = Tensor(Int8(0)), shift = Tensor(Int8(10))
    let y = try result("QLinearMatMul", [:], a, one, zero, b, one, zeroB, Tensor(Float(0.125)), shift)
    #expect(y == Tensor(shape: [2, 2], [38, -18, 74, -54] as [Int8]))
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("MatMulInteger", [:], a, a) }
    #expect(throws: OperatorError.self) { try result("MatMulInteger", [:], a, b, Tensor(Int8(1))) }
    #expect(throws: OperatorError.self) {
      try result("MatMulInteger", [:], a, b, Tensor(shape: [3], [1, 2, 3] as [UInt8]))
    }
    #expect(throws: OperatorError.self) { try result("QLinearMatMul", [:], a, b) }
    #expect(throws: OperatorError.self) { try result("MatMulInteger", [:], Tensor(UInt8(1)), b) }
    let wide = Tensor(shape: [3, 2], repeating: Int16(1))
    #expect(throws: OperatorError.self) { try result("MatMulInteger", [:], a, wide) }
  }
}
