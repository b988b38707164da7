import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct DFTTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("DFT", opset: 17, ["axis": .int(1)], operands: [.random([3, 5, 2, 1])])
    try checkLaws("DFT", opset: 17, ["onesided": .int(1)], operands: [.random([3, 6, 1])])
    try checkLaws(
      "DFT", opset: 20, ["inverse": .int(1)],
      operands: [.random([3, 5, 2]), .tensor(Tensor(Int64(7))), .tensor(Tensor(Int64(-2)))], constants: [1, 2])
  }

  @Test func transformsAnImpulseAndAConstant() throws {
    let x = Tensor(shape: [2, 3, 1], [1, 0, 0, 2, 2, 2] as [Float])
    let y = try result("DFT", opset: 20, x, nil, Tensor(Int64(1)))
    let wanted = Tensor(shape: [2, 3, 2], [1, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0] as [Float])
    #expect(y.difference(from: wanted, tolerance: 1e-6) == nil)
    let half = try result("DFT", opset: 20, ["onesided": .int(1)], x, nil, Tensor(Int64(1)))
    #expect(half.shape == [2, 2, 2])
    let back = try result(
      "DFT", opset: 20, ["onesided": .int(1), "inverse": .int(1)], half, Tensor(Int64(3)), Tensor(Int64(1)))
    #expect(back.difference(from: x, tolerance: 1e-6) == nil)
  }

  @Test func comesBack() throws {
    var rng = SplitMix64(seed: 1)
    for length in [1, 2, 5, 8, 12, 31] {
      let x = Tensor.random([2, length, 2], using: &rng)
      let back = try result("DFT", ["inverse": .int(1)], result("DFT", x))
      #expect(back.difference(from: x, tolerance: 1e-6) == nil)
    }
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("DFT", .counting([2, 3])) }
    #expect(throws: OperatorError.self) { try result("DFT", ["axis": .int(2)], .counting([2, 3, 1])) }
    #expect(throws: OperatorError.self) { try result("DFT", .counting([2, 3, 1]), Tensor(Int64(0))) }
    #expect(throws: OperatorError.self) { try result("DFT", .counting([2, 3, 1]), Tensor(Int64.max)) }
    #expect(throws: OperatorError.self) { try result("DFT", .counting([2, 3, 1]), Tensor(Int64.min)) }
    #expect(throws: OperatorError.self) { try result("DFT", .counting([2, 3, 1]), .integers(3, 4)) }
    #expect(throws: OperatorError.self) { try result("DFT", .counting([2, 0, 1])) }
    #expect(throws: OperatorError.shapeDependsOnData) {
      try NodeCase("DFT", operands: [.counting([2, 3, 1]), Tensor(Int64(4))]).infer()
    }
  }
}
