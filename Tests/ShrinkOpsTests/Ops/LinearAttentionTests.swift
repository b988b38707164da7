import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct LinearAttentionTests {
  private static func attributes(_ rule: String, _ queries: Int64 = 4, _ keys: Int64 = 2) -> [String: Attribute.Value] {
    ["q_num_heads": .int(queries), "kv_num_heads": .int(keys), "update_rule": .string(Array(rule.utf8))]
  }

  @Test(arguments: [
    ("linear", false, false), ("gated", true, false), ("delta", false, true), ("gated_delta", true, true),
  ])
  func obeysTheLaws(_ rule: String, _ isGated: Bool, _ isDelta: Bool) throws {
    for (decays, rates) in [(2, 1), (6, 2)] {
      var operands: [CaseOperand] = [
        .random([2, 5, 12]), .random([2, 5, 6]), .random([2, 5, 8]), .random([2, 2, 3, 4]),
        isGated ? .random([2, 5, decays]) : .absent,
      ]
      if isDelta { operands.append(.random([2, 5, rates])) } else if !isGated { operands.removeLast() }
      try checkLaws(
        "LinearAttention", opset: 27, outputs: 2, Self.attributes(rule), operands: operands, removesSomething: false)
    }
  }

  @Test func writesAndReads() throws {
    let x = Tensor(shape: [1, 2, 1], [2, 3] as [Float])
    var attributes = Self.attributes("linear", 1, 1)
    let linear = try results("LinearAttention", opset: 27, outputs: 2, attributes, x, x, x)
    #expect(linear[0].floats == [8, 39])
    #expect(linear[1].floats == [13])
    attributes["update_rule"] = .string(Array("delta".utf8))
    let half = Tensor(shape: [1, 2, 1], [0.5, 0.5] as [Float])
    let delta = try results("LinearAttention", opset: 27, outputs: 2, attributes, x, x, x, nil, nil, half)
    // 2 · 0.5 · 2 = 2, then 2 + 3 · 0.5 · (3 - 3 · 2).
    let state: Float = -2.5
    #expect(delta[1].floats == [state])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([1, 2, 4])
    let refused: [([String: Attribute.Value], [Tensor?])] = [
      (Self.attributes("linear", 3, 2), [x, x, x]), (Self.attributes("linear", 2, 2), [x, x, .counting([1, 3, 4])]),
      (Self.attributes("gated", 2, 2), [x, x, x]), (Self.attributes("linear", 2, 2), [x, x, x, nil, x]),
      (Self.attributes("gated", 2, 2), [x, x, x, nil, .counting([1, 2, 3])]),
      (Self.attributes("none", 2, 2), [x, x, x]),
      (Self.attributes("delta", 2, 2), [x, x, x, nil, nil, .counting([1, 2, 3])]),
      (Self.attributes("linear", 2, 2), [x, x, x, x]), (Self.attributes("linear", 0, 2), [x, x, x]),
    ]
    for (attributes, operands) in refused {
      #expect(throws: OperatorError.self) {
        try NodeCase("LinearAttention", opset: 27, outputs: 2, attributes, operands: operands).run()
      }
    }
  }
}
