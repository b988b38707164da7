import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct LoopTests {
  /// Adds the number of the iteration to what is carried, stacks the sum, and goes on below 5.
  private let sums = ToyBodies(
    operands: 3, inputs: 3, outputs: 3,
    bodies: [
      "body": { inputs, _ in
        let sum = Float(inputs[0].elements(Int64.self)[0]) + inputs[2].elements(Float.self)[0]
        return [Tensor(sum < 5), Tensor(sum), Tensor(shape: [1, 2], [sum, -sum])]
      }
    ])

  private func run(_ trips: Tensor?, _ condition: Tensor?) throws -> [Tensor] {
    try result(Loop.self, [:], [trips, condition, Tensor(Float(0))], sums)
  }

  @Test func stopsAtTheCountOrTheCondition() throws {
    #expect(try run(Tensor(Int64(3)), nil)[0] == Tensor(Float(3)))
    #expect(try run(Tensor(Int64(3)), nil)[1] == Tensor(shape: [3, 1, 2], [0, -0.0, 1, -1, 3, -3] as [Float]))
    #expect(try run(Tensor(Int64(9)), Tensor(true))[0] == Tensor(Float(6)))
    #expect(try run(nil, Tensor(true))[1].shape == [4, 1, 2])
    // Without a condition operand the body's is ignored.
    #expect(try run(Tensor(Int64(6)), nil)[0] == Tensor(Float(15)))
  }

  @Test func mayRunNever() throws {
    let results = try run(Tensor(shape: [1], [Int64(0)]), nil)
    #expect(results[0] == Tensor(Float(0)))
    #expect(results[1].shape == [0, 3, 0] && results[1].dtype == .float32)
    #expect(try run(Tensor(Int64(-1)), Tensor(true))[1].shape == [0, 3, 0])
    #expect(try run(Tensor(Int64(2)), Tensor(false))[1].shape == [0, 3, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try run(Tensor(Float(1)), nil) }
    #expect(throws: OperatorError.self) { try run(nil, Tensor(shape: [2], [true, true])) }
    #expect(throws: OperatorError.self) { try result(Loop.self, [:], [nil, nil, nil], sums) }
    var wrong = sums
    wrong.operands = 4
    let x = Tensor(Float(0))
    #expect(throws: OperatorError.self) { try result(Loop.self, [:], [nil, Tensor(true), x, x], wrong) }
    #expect(throws: OperatorError.self) { try Loop(Attributes("Loop", opset: 17)) }
  }

  @Test func refusesToStackDifferentShapes() {
    var growing = sums
    growing.bodies["body"] = { inputs, _ in
      let number = Int(inputs[0].elements(Int64.self)[0])
      return [Tensor(true), inputs[2], Tensor(shape: [number], repeating: Float(0))]
    }
    #expect(throws: OperatorError.self) {
      try result(Loop.self, [:], [Tensor(Int64(2)), nil, Tensor(Float(0))], growing)
    }
  }
}
