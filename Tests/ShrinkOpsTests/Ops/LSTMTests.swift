import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct LSTMTests {
  @Test(arguments: ["forward", "reverse", "bidirectional"]) func obeysTheLaws(_ direction: String) throws {
    let n = direction == "bidirectional" ? 2 : 1
    let attributes: [String: Attribute.Value] = ["direction": .string(Array(direction.utf8))]
    for layout in 0...1 {
      let state = CaseOperand.random(layout == 0 ? [n, 2, 5] : [2, n, 5])
      try checkLaws(
        "LSTM", outputs: 3, attributes.merging(["layout": .int(Int64(layout))]) { $1 },
        operands: [
          .random(layout == 0 ? [4, 2, 3] : [2, 4, 3]), .random([n, 20, 3]), .random([n, 20, 5]), .random([n, 40]),
          .tensor(Tensor(shape: [2], [4, 2] as [Int32])), state, state, .random([n, 15]),
        ])
    }
  }

  /// One unit by hand, with all its terms: gates in the order i, o, f, c.
  @Test(arguments: [false, true]) func keepsItsCell(_ couplesForget: Bool) throws {
    let (w, r, b, p) = ([0.1, 0.2, 0.3, 0.4], [0.5, -0.6, 0.7, -0.8], [0.01, 0.02, 0.03, 0.04], [0.3, 0.2, -0.1])
    let sigmoid = { (x: Double) in 1 / (1 + exp(-x)) }
    let x = [1.0, -2.0, 0.5]
    var (h, c) = (0.2, -0.3)
    var wanted: [Double] = []
    for x in x {
      let gate = { (g: Int) in x * w[g] + h * r[g] + 2 * b[g] }
      let i = sigmoid(gate(0) + p[0] * c)
      let f = couplesForget ? 1 - i : sigmoid(gate(2) + p[2] * c)
      c = f * c + i * tanh(gate(3))
      h = sigmoid(gate(1) + p[1] * c) * tanh(c)
      wanted.append(h)
    }
    let found = try results(
      "LSTM", outputs: 3, ["input_forget": .int(couplesForget ? 1 : 0)], Tensor(shape: [3, 1, 1], x),
      Tensor(shape: [1, 4, 1], w), Tensor(shape: [1, 4, 1], r), Tensor(shape: [1, 8], b + b), nil,
      Tensor(shape: [1, 1, 1], [0.2]), Tensor(shape: [1, 1, 1], [-0.3]), Tensor(shape: [1, 3], p))
    #expect(found[0].difference(from: Tensor(shape: [3, 1, 1, 1], wanted), tolerance: 1e-12) == nil)
    #expect(found[1].difference(from: Tensor(shape: [1, 1, 1], [h]), tolerance: 1e-12) == nil)
    #expect(found[2].difference(from: Tensor(shape: [1, 1, 1], [c]), tolerance: 1e-12) == nil)
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([3, 2, 4]), w = Tensor.counting([1, 20, 4]), r = Tensor.counting([1, 20, 5])
    let state = Tensor.counting([1, 2, 5])
    let refused: [[Tensor?]] = [
      [x, .counting([1, 15, 4]), r], [x, w, r, nil, nil, state, .counting([1, 2, 4])],
      [x, w, r, nil, nil, nil, nil, .counting([1, 20])], [x, w, r, nil, nil, nil, nil, nil, state], [x, w],
    ]
    for operands in refused {
      #expect(throws: OperatorError.self) { try NodeCase("LSTM", outputs: 3, operands: operands).infer() }
    }
  }
}
