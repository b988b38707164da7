import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct RNNTests {
  private static let one = Tensor(shape: [1, 1, 1], [1] as [Float])

  @Test(arguments: ["forward", "reverse", "bidirectional"]) func obeysTheLaws(_ direction: String) throws {
    let n = direction == "bidirectional" ? 2 : 1
    let attributes: [String: Attribute.Value] = ["direction": .string(Array(direction.utf8)), "hidden_size": .int(5)]
    try checkLaws(
      "RNN", outputs: 2, attributes, operands: [.random([4, 2, 3]), .random([n, 5, 3]), .random([n, 5, 5])])
    try checkLaws(
      "RNN", outputs: 2, attributes.merging(["layout": .int(1)]) { $1 },
      operands: [
        .random([2, 4, 3]), .random([n, 5, 3]), .random([n, 5, 5]), .random([n, 10]),
        .tensor(Tensor(shape: [2], [4, 2] as [Int32])), .random([2, n, 5]),
      ])
  }

  @Test func addsUpWithoutANonlinearity() throws {
    let x = Tensor(shape: [3, 1, 1], [1, 2, 3] as [Float])
    let half = Tensor(shape: [1, 1, 1], [0.5] as [Float])
    let affine: [String: Attribute.Value] = ["activations": .strings([Array("Affine".utf8)])]
    let found = try results("RNN", outputs: 2, affine, x, Self.one, half, Tensor(shape: [1, 2], [1, 2] as [Float]))
    #expect(found[0] == Tensor(shape: [3, 1, 1, 1], [4, 7, 9.5] as [Float]))
    #expect(found[1] == Tensor(shape: [1, 1, 1], [9.5] as [Float]))
    let backwards = affine.merging(["direction": .string(Array("reverse".utf8))]) { $1 }
    let reversed = try results("RNN", outputs: 2, backwards, x, Self.one, half, nil, .init(shape: [1], [2] as [Int32]))
    #expect(reversed[0] == Tensor(shape: [3, 1, 1, 1], [2, 2, 0] as [Float]))
    #expect(reversed[1] == Tensor(shape: [1, 1, 1], [2] as [Float]))
  }

  @Test func knowsItsFunctions() throws {
    let functions: [(String, Double, (Double) -> Double)] = [
      ("Tanh", 1e-6, { tanh($0) }), ("sigmoid", 1e-6, { 1 / (1 + exp(-$0)) }), ("Relu", 0, { max($0, 0) }),
      ("LeakyRelu", 1e-7, { $0 < 0 ? 0.01 * $0 : $0 }), ("HardSigmoid", 1e-6, { min(max(0.2 * $0 + 0.5, 0), 1) }),
      ("Softsign", 1e-6, { $0 / (1 + abs($0)) }), ("Softplus", 1e-6, { log1p(exp($0)) }),
      ("Elu", 1e-6, { $0 < 0 ? expm1($0) : $0 }), ("ThresholdedRelu", 0, { $0 > 1 ? $0 : 0 }),
      ("ScaledTanh", 1e-6, { tanh($0) }),
    ]
    let x = Tensor(shape: [1, 9, 1], [-30, -3, -0.6, -1e-3, 0, 0.1, 0.7, 2, 30] as [Float])
    for (name, tolerance, function) in functions {
      let attributes: [String: Attribute.Value] = ["activations": .strings([Array(name.utf8)])]
      let found = try result("RNN", attributes, x, Self.one, Self.one)
      let wanted = Tensor(shape: [1, 1, 9, 1], x.doubles.map { Float(function($0)) })
      #expect(found.difference(from: wanted, tolerance: tolerance) == nil, "\(name)")
    }
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([3, 2, 4]), w = Tensor.counting([1, 5, 4]), r = Tensor.counting([1, 5, 5])
    let refuses = { (attributes: [String: Attribute.Value], operands: [Tensor?]) -> Void in
      let node = NodeCase("RNN", attributes, operands: operands, constants: Set(operands.indices))
      #expect(throws: OperatorError.self) {
        _ = try node.infer()
        _ = try node.run()
      }
    }
    refuses([:], [x, .counting([1, 5, 3]), r])
    refuses([:], [x, w, .counting([1, 5, 4])])
    refuses([:], [.counting([3, 2]), w, r])
    refuses([:], [x, w, r, .counting([1, 9])])
    refuses([:], [x, w, r, nil, Tensor(shape: [2], [1, 4] as [Int32])])
    refuses([:], [x, w, r, nil, nil, .counting([2, 2, 5])])
    refuses(["hidden_size": .int(4)], [x, w, r])
    refuses(["direction": .string(Array("up".utf8))], [x, w, r])
    refuses(["direction": .string(Array("bidirectional".utf8))], [x, w, r])
    refuses(["layout": .int(2)], [x, w, r])
    refuses(["activations": .strings([Array("Sine".utf8)])], [x, w, r])
    refuses([:], [x, Tensor(shape: [1, 5, 4], repeating: 0.0), r])
  }
}
