import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Rows × weights + bias of all readings of a direction must be the gates: the states that follow from them by the formulas of
/// the specification are compared with those of the kernel.
@Suite struct RecurrentReadingTests {
  private static let (steps, batch, inputs, units) = (4, 3, 3, 2)

  struct Form: Sendable {
    let opType: String, gates: Int, direction: String, layout: Int, hasState: Bool, hasLengths: Bool, isLinear: Bool
  }
  static let forms: [Form] = {
    var forms: [Form] = []
    for (opType, gates) in [("RNN", 1), ("GRU", 3), ("LSTM", 4)] {
      for direction in ["forward", "reverse", "bidirectional"] {
        for i in 0..<16 {
          forms.append(
            Form(
              opType: opType, gates: gates, direction: direction, layout: i & 1, hasState: i & 2 > 0,
              hasLengths: i & 4 > 0, isLinear: i & 8 > 0))
        }
      }
    }
    return forms
  }()

  private func node(_ form: Form) -> NodeCase {
    var rng = SplitMix64(seed: 7)
    func random(_ shape: [Int]) -> Tensor {
      Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &rng) })
    }
    let (t, b, n, g) = (Self.steps, Self.batch, Self.units, form.gates)
    let d = form.direction == "bidirectional" ? 2 : 1
    let stateShape = form.layout == 0 ? [d, b, n] : [b, d, n]
    var operands: [Tensor?] = [
      random(form.layout == 0 ? [t, b, Self.inputs] : [b, t, Self.inputs]), random([d, g * n, Self.inputs]),
      random([d, g * n, n]), random([d, 2 * g * n]),
      form.hasLengths ? Tensor(shape: [b], [4, 2, 3] as [Int32]) : nil, form.hasState ? random(stateShape) : nil,
    ]
    if form.opType == "LSTM" { operands += [form.hasState ? random(stateShape) : nil, random([d, 3 * n])] }
    var attributes: [String: Attribute.Value] = [
      "direction": .string(Array(form.direction.utf8)), "layout": .int(Int64(form.layout)),
    ]
    if form.opType == "GRU" { attributes["linear_before_reset"] = .int(form.isLinear ? 1 : 0) }
    return NodeCase(
      form.opType, opset: 17, outputs: form.opType == "LSTM" ? 3 : 2, attributes, operands: operands)
  }

  /// Rows and rows × matrix + bias of a reading.
  private func product(
    _ reading: any LinearReading, _ node: NodeCase, _ results: [Tensor]
  ) throws -> (rows: [Float], gates: [Float]) {
    let p = reading.product
    let x = try #require(reading.data.isOutput ? results[reading.data.slot] : node.operands[reading.data.slot])
    var rows = [Float](repeating: .nan, count: p.positions * p.channels)
    try rows.withUnsafeMutableBufferPointer {
      reading.gatherRows(
        x, Operands(node.operands), positions: Array(0..<p.positions), into: try #require($0.baseAddress))
    }
    let w = try #require(node.operands[reading.weight]).elements(Float.self)
    let bias = try #require(node.operands[3])
    let (order, term) = (reading.matrixOrder(), try #require(reading.biasOrder(bias.shape)))
    let b = bias.elements(Float.self)
    var gates: [Float] = []
    for r in 0..<p.positions {
      for o in 0..<p.outputs {
        var sum = b[term[o]]
        for k in 0..<p.channels { sum += rows[r * p.channels + k] * w[order[k * p.outputs + o]] }
        gates.append(sum)
      }
    }
    return (rows, gates)
  }

  @Test(arguments: forms) func giveTheGates(_ form: Form) throws {
    let node = node(form)
    let op = try #require(try node.make() as? any LinearOperator)
    let results = try op.run(Operands(node.operands))
    let readings = op.readings(node.types)
    let directions = form.direction == "bidirectional" ? 2 : 1
    let per = readings.count / directions
    #expect(per == (form.opType == "GRU" && !form.isLinear ? 3 : 2))
    for d in 0..<directions {
      let own = try readings[d * per..<(d + 1) * per].map { try product($0, node, results) }
      let isReverse = form.direction == "reverse" || d == 1
      for sample in 0..<Self.batch {
        try check(form, node, results[0], own, (d, directions), isReverse, sample)
      }
    }
  }

  private func check(
    _ form: Form, _ node: NodeCase, _ y: Tensor, _ own: [(rows: [Float], gates: [Float])], _ direction: (Int, Int),
    _ isReverse: Bool, _ sample: Int
  ) throws {
    let (n, t, g) = (Self.units, Self.steps, form.gates)
    let (d, directions) = direction
    let length = form.hasLengths ? [4, 2, 3][sample] : t
    let found = y.elements(Float.self)
    let start = { (batchFirst: Bool) in (batchFirst ? sample * directions + d : d * Self.batch + sample) * n }
    var cell = [Float](repeating: 0, count: n)
    if form.opType == "LSTM", let initial = node.operands[6]?.elements(Float.self) {
      cell = Array(initial[start(form.layout == 1)..<start(form.layout == 1) + n])
    }
    let peepholes = form.opType == "LSTM" ? node.operands[7]?.elements(Float.self) ?? [] : []
    let steps = isReverse ? Array((0..<length).reversed()) : Array(0..<length)
    for step in steps {
      let row = sample * t + step
      let x = Array(own[0].gates[row * g * n..<(row + 1) * g * n])
      let h = Array(own[1].rows[row * n..<(row + 1) * n])
      var r: [Float]
      if own.count == 2 {
        r = Array(own[1].gates[row * g * n..<(row + 1) * g * n])
      } else {
        r = Array(own[1].gates[row * 2 * n..<(row + 1) * 2 * n]) + own[2].gates[row * n..<(row + 1) * n]
      }
      for j in 0..<n {
        let at =
          form.layout == 1
          ? (sample * t + step) * directions + d : (step * directions + d) * Self.batch + sample
        let wanted = state(form, x, r, h[j], &cell[j], j, Array(peepholes.dropFirst(d * 3 * n)))
        #expect(abs(found[at * n + j] - wanted) < 1e-5, "step \(step) of sample \(sample), direction \(d)")
      }
    }
  }

  /// The state of unit `j` behind a step.
  private func state(
    _ form: Form, _ x: [Float], _ r: [Float], _ h: Float, _ c: inout Float, _ j: Int, _ p: [Float]
  ) -> Float {
    let n = Self.units
    let sigmoid = { (x: Float) in 1 / (1 + exp(-x)) }
    let sum = { (gate: Int) in x[gate * n + j] + r[gate * n + j] }
    switch form.opType {
    case "RNN": return tanh(sum(0))
    case "GRU":
      let (z, reset) = (sigmoid(sum(0)), sigmoid(sum(1)))
      let candidate = form.isLinear ? x[2 * n + j] + reset * r[2 * n + j] : sum(2)
      return (1 - z) * tanh(candidate) + z * h
    default:
      let (i, f) = (sigmoid(sum(0) + p[j] * c), sigmoid(sum(2) + p[2 * n + j] * c))
      c = f * c + i * tanh(sum(3))
      return sigmoid(sum(1) + p[n + j] * c) * tanh(c)
    }
  }
}
