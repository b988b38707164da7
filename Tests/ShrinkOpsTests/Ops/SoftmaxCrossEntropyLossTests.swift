import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct SoftmaxCrossEntropyLossTests {
  @Test func isTheLossOfTheSoftmax() throws {
    var rng = SplitMix64(seed: 2)
    let x = Tensor.random([3, 4, 2], using: &rng)
    let targets = Tensor(shape: [3, 2], [0, 3, 2, 1, 7, 2] as [Int64]), weights = Tensor.random([4], using: &rng)
    let logarithms = try result("LogSoftmax", ["axis": .int(1)], x)
    for reduction in ["none", "sum", "mean"] {
      let attributes: [String: Attribute.Value] = [
        "reduction": .string(Array(reduction.utf8)), "ignore_index": .int(7),
      ]
      let found = try results("SoftmaxCrossEntropyLoss", outputs: 2, attributes, x, targets, weights)
      let wanted = try result("NegativeLogLikelihoodLoss", attributes, logarithms, targets, weights)
      #expect(found[0].difference(from: wanted) == nil)
      #expect(found[1].difference(from: logarithms) == nil)
      try checkLaws(
        "SoftmaxCrossEntropyLoss", outputs: 2, attributes, operands: [.tensor(x), .tensor(targets), .tensor(weights)],
        removesSomething: false)
    }
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 3])
    #expect(throws: OperatorError.self) { try result("SoftmaxCrossEntropyLoss", x, .integers(1, 3)) }
    #expect(throws: OperatorError.self) { try result("SoftmaxCrossEntropyLoss", x, .integers(1)) }
    #expect(throws: OperatorError.self) { try result("SoftmaxCrossEntropyLoss", x, .integers(1, 1), .counting([2])) }
  }
}
