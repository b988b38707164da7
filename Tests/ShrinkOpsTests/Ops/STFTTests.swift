import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct STFTTests {
  @Test func obeysTheLaws() throws {
    for sided in 0...1 as ClosedRange<Int64> {
      try checkLaws(
        "STFT", ["onesided": .int(sided)],
        operands: [.random([2, 20, 1]), .tensor(Tensor(Int64(3))), .random([6]), .tensor(Tensor(Int64(6)))],
        constants: [1, 3])
    }
    try checkLaws(
      "STFT", ["onesided": .int(0)],
      operands: [.random([2, 9, 2]), .tensor(Tensor(Int64(2))), .absent, .tensor(Tensor(Int32(5)))], constants: [1, 3])
  }

  @Test func cutsFrames() throws {
    let x = Tensor(shape: [1, 5, 1], [1, 2, 3, 4, 5] as [Float])
    let y = try result("STFT", x, Tensor(Int64(2)), Tensor(shape: [2], [1, 0.5] as [Float]))
    #expect(y.shape == [1, 2, 2, 2])
    let wanted = Tensor(shape: [1, 2, 2, 2], [2, 0, 0, 0, 5, 0, 1, 0] as [Float])
    #expect(y.difference(from: wanted, tolerance: 1e-6) == nil)
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([1, 5, 1])
    #expect(throws: OperatorError.self) { try result("STFT", x, Tensor(Int64(0))) }
    #expect(throws: OperatorError.self) { try result("STFT", x, Tensor(Int64(1)), nil, Tensor(Int64(6))) }
    #expect(throws: OperatorError.self) { try result("STFT", x, Tensor(Int64(1)), nil, Tensor(Int64(0))) }
    #expect(throws: OperatorError.self) { try result("STFT", x, Tensor(Int64(1)), .counting([3]), Tensor(Int64(4))) }
    #expect(throws: OperatorError.self) { try result("STFT", .counting([1, 5]), Tensor(Int64(1))) }
  }
}
