import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct NegativeLogLikelihoodLossTests {
  private let x = Tensor(shape: [2, 3, 2], (0..<12).map { -Float($0) })
  private let targets = Tensor(shape: [2, 2], [0, 2, 1, -1] as [Int64])
  private let weights = Tensor(shape: [3], [1, 10, 100] as [Float])

  private func run(_ reduction: String, _ weights: Tensor?) throws -> [Float] {
    try result(
      "NegativeLogLikelihoodLoss", ["reduction": .string(Array(reduction.utf8)), "ignore_index": .int(-1)], x, targets,
      weights
    ).floats
  }

  @Test func picksTheTargets() throws {
    #expect(try run("none", nil) == [0, 5, 8, 0])
    #expect(try run("sum", weights) == [0 + 500 + 80])
    #expect(try run("mean", weights) == [Float(580.0 / 111)])
    #expect(try run("mean", nil) == [Float(13.0 / 3)])
    try checkLaws(
      "NegativeLogLikelihoodLoss", operands: [.random([2, 3]), .tensor(Tensor(shape: [2], [0, 2] as [Int32]))],
      removesSomething: false)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("NegativeLogLikelihoodLoss", x, targets) }
    #expect(throws: OperatorError.self) { try result("NegativeLogLikelihoodLoss", x, .integers(1, 2)) }
    #expect(throws: OperatorError.self) { try run("median", nil) }
    #expect(throws: OperatorError.self) { try run("sum", .counting([2])) }
    #expect(throws: OperatorError.self) { try result("NegativeLogLikelihoodLoss", .counting([3]), .integers(1)) }
  }
}
