import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct ClipTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("Clip", opset: 7, ["min": .float(-0.5)], operands: [.random([2, 3, 4])])
    try checkLaws(
      "Clip", operands: [.random([2, 3, 4]), .tensor(Tensor(Float(0))), .tensor(Tensor(Float(0.5)))], constants: [1, 2])
    try checkLaws("Clip", operands: [.random([2, 3]), .absent, .tensor(Tensor(Float(0.5)))], constants: [2])
  }

  @Test func movesIntoTheRange() throws {
    let x = Tensor(shape: [4], [-2, 0.5, 3, .nan] as [Float])
    let low = try NodeCase("Clip", opset: 10, ["min": .float(-1), "max": .float(1)], operands: [x]).run()[0]
    #expect(low.difference(from: Tensor(shape: [4], [-1, 0.5, 1, .nan] as [Float])) == nil)
    let six = try NodeCase("Clip", operands: [x, Tensor(Float(0)), Tensor(Float(6))]).run()[0]
    #expect(six.difference(from: Tensor(shape: [4], [0, 0.5, 3, .nan] as [Float])) == nil)
    let crossed = try NodeCase("Clip", operands: [x, Tensor(Float(2)), Tensor(Float(1))]).run()[0]
    #expect(Array(crossed.elements(Float.self).prefix(3)) == [1, 1, 1])
  }

  @Test func takesIntegers() throws {
    let x = Tensor(shape: [3], [-5, 0, 5] as [Int64])
    #expect(
      try NodeCase("Clip", operands: [x, Tensor(Int64(-1))]).run()[0] == Tensor(shape: [3], [-1, 0, 5] as [Int64]))
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor(shape: [2], repeating: Float(1))
    #expect(throws: OperatorError.self) { try NodeCase("Clip", operands: [x, x]).infer() }
    #expect(throws: OperatorError.self) { try NodeCase("Clip", operands: [x, Tensor(Int32(1))]).infer() }
    #expect(throws: OperatorError.self) { try NodeCase("Clip", operands: [Tensor(true)]).run() }
  }
}
