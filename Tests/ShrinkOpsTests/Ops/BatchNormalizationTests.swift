import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct BatchNormalizationTests {
  @Test(arguments: [[2, 5, 3, 4], [3, 5], [2, 5, 3]]) func obeysTheLaws(_ x: [Int]) throws {
    for opset in [7, 9, 14, 17] {
      try checkLaws(
        "BatchNormalization", opset: opset,
        operands: [.random(x), .random([5]), .random([5]), .random([5]), .positive([5])], constants: [1, 2, 3, 4])
    }
  }

  @Test(arguments: [[2, 2], [1, 2, 2]]) func scalesByTheStatistics(_ shape: [Int]) throws {
    let p = { (a: Float, b: Float) in Tensor(shape: [2], [a, b]) }
    let x = Tensor(shape: shape, [1, 2, 3, 4] as [Float])
    let y = try NodeCase(
      "BatchNormalization", ["epsilon": .float(1)], operands: [x, p(2, 3), p(0.5, -1), p(1, 2), p(3, 8)]
    ).run()[0]
    // Factors 2 / √4 and 3 / √9.
    #expect(y.elements(Float.self) == (shape.count == 2 ? [0.5, -1, 2.5, 1] : [0.5, 1.5, 0, 1]))
  }

  @Test func runsInDoublePrecision() throws {
    let p = { (a: Double) in Tensor(shape: [1], [a]) }
    let y = try NodeCase(
      "BatchNormalization", ["epsilon": .float(0)],
      operands: [Tensor(shape: [1, 1, 2], [1, 3] as [Double]), p(2), p(1), p(1), p(4)]
    ).run()[0]
    #expect(y == Tensor(shape: [1, 1, 2], [1, 3] as [Double]))
  }

  @Test func refusesWhatItWasInTraining() {
    let operands = [[2, 2, 3], [2], [2], [2], [2]].map { Tensor(shape: $0, repeating: Float(1)) }
    #expect(throws: OperatorError.self) { try NodeCase("BatchNormalization", outputs: 5, operands: operands).run() }
    #expect(throws: OperatorError.self) {
      try NodeCase("BatchNormalization", opset: 7, ["spatial": .int(0)], operands: operands).run()
    }
  }

  @Test func refusesWhatDoesNotFit() {
    let operands = [[2, 3], [2], [2], [2], [2]].map { Tensor(shape: $0, repeating: Float(1)) }
    #expect(throws: OperatorError.self) { try NodeCase("BatchNormalization", operands: operands).infer() }
  }
}
