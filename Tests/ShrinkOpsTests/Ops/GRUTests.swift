import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct GRUTests {
  @Test(arguments: ["forward", "reverse", "bidirectional"]) func obeysTheLaws(_ direction: String) throws {
    let n = direction == "bidirectional" ? 2 : 1
    for linear in 0...1 {
      try checkLaws(
        "GRU", outputs: 2,
        ["direction": .string(Array(direction.utf8)), "linear_before_reset": .int(Int64(linear)), "layout": .int(1)],
        operands: [
          .random([2, 4, 3]), .random([n, 15, 3]), .random([n, 15, 5]), .random([n, 30]),
          .tensor(Tensor(shape: [2], [4, 2] as [Int32])), .random([2, n, 5]),
        ])
    }
  }

  /// One unit by hand: gates in the order z, r, h.
  @Test(arguments: [false, true]) func resetsItsState(_ isLinear: Bool) throws {
    let (w, r, wb, rb) = ([0.1, 0.2, 0.3], [0.5, -0.6, 0.7], [0.01, 0.02, 0.03], [0.3, 0.2, -0.1])
    let sigmoid = { (x: Double) in 1 / (1 + exp(-x)) }
    let x = [1.0, -2.0, 0.5]
    var h = 0.2
    for x in x {
      let gate = { (g: Int) in sigmoid(x * w[g] + h * r[g] + wb[g] + rb[g]) }
      let (z, reset) = (gate(0), gate(1))
      let candidate = isLinear ? reset * (h * r[2] + rb[2]) : reset * h * r[2] + rb[2]
      h = (1 - z) * tanh(x * w[2] + wb[2] + candidate) + z * h
    }
    let found = try results(
      "GRU", outputs: 2, ["linear_before_reset": .int(isLinear ? 1 : 0)], Tensor(shape: [3, 1, 1], x),
      Tensor(shape: [1, 3, 1], w), Tensor(shape: [1, 3, 1], r), Tensor(shape: [1, 6], wb + rb), nil,
      Tensor(shape: [1, 1, 1], [0.2]))
    #expect(found[1].difference(from: Tensor(shape: [1, 1, 1], [h]), tolerance: 1e-12) == nil)
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([3, 2, 4]), w = Tensor.counting([1, 15, 4]), r = Tensor.counting([1, 15, 5])
    for operands: [Tensor?] in [[x, .counting([1, 20, 4]), r], [x, w, r, .counting([1, 15])], [x, w]] {
      #expect(throws: OperatorError.self) { try NodeCase("GRU", outputs: 2, operands: operands).infer() }
    }
  }
}
