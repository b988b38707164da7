import ShrinkGraph
import ShrinkRun
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

/// Hidden units of recurrent layers, from the statistics to the re-fit.
@Suite struct RecurrentSitesTests {
  struct Form: Sendable {
    let opType: String, gates: Int, directions: Int, namesSteps: Bool
  }
  static let forms: [Form] = [("RNN", 1), ("GRU", 3), ("LSTM", 4)].flatMap { opType, gates in
    [1, 2].flatMap { d in [true, false].map { Form(opType: opType, gates: gates, directions: d, namesSteps: $0) } }
  }
  private static let (steps, inputs) = (5, 4)

  /// A recurrent layer over samples of 5 steps, and a Gemm of its states; with `copies`, every hidden unit stands there
  /// twice and what reads it has its weights in two parts.
  private static func graph(_ form: Form, units: Int, copies: Bool, seed: UInt64) -> Graph {
    var sketch = GraphSketch(seed: seed)
    let (d, g, n) = (form.directions, form.gates, units)
    let x = sketch.node("Transpose", [sketch.input([steps, inputs])], ["perm": .ints([1, 0, 2])])
    func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &sketch.rng) } }
    /// Doubles a tensor [d, blocks · n, rest]: unit u stands at u and n + u of each block.
    func doubled(_ all: [Float], blocks: Int, rest: Int) -> [Float] {
      guard copies else { return all }
      return (0..<d * blocks).flatMap { b -> [Float] in
        let block = Array(all[b * n * rest..<(b + 1) * n * rest])
        return block + block
      }
    }
    /// Splits rows of n weights into 0.3 and 0.7 of each.
    func split(_ all: [Float]) -> [Float] {
      guard copies else { return all }
      return stride(from: 0, to: all.count, by: n).flatMap { at -> [Float] in
        let row = all[at..<at + n]
        return row.map { 0.3 * $0 } + row.map { 0.7 * $0 }
      }
    }
    let size = copies ? 2 * n : n
    let w = Tensor(shape: [d, g * size, inputs], doubled(random(d * g * n * inputs), blocks: g, rest: inputs))
    let r = Tensor(shape: [d, g * size, size], doubled(split(random(d * g * n * n)), blocks: g, rest: size))
    let b = Tensor(shape: [d, 2 * g * size], doubled(random(d * 2 * g * n), blocks: 2 * g, rest: 1))
    let operands = [x, sketch.constant(w), sketch.constant(r), sketch.constant(b)]
    let attributes: [String: Attribute.Value] = [
      "hidden_size": .int(Int64(size)), "direction": .string(Array((d == 2 ? "bidirectional" : "forward").utf8)),
    ]
    let states = sketch.nodes(form.opType, operands, results: form.opType == "LSTM" ? 3 : 2, attributes)
    // [steps, d, batch, n] or [d, batch, n] to rows of d · n.
    let read =
      form.namesSteps
      ? sketch.node("Transpose", [states[0]], ["perm": .ints([0, 2, 1, 3])])
      : sketch.node("Transpose", [states[1]], ["perm": .ints([1, 0, 2])])
    let target = sketch.constant(Tensor(shape: [2], [-1, Int64(d * size)]))
    let rows = sketch.node("Reshape", [read, target])
    let last = split(random(3 * d * n))
    let weight = sketch.constant(Tensor(shape: [3, d * size], last))
    sketch.output(sketch.node("Gemm", [rows, weight], ["transB": .int(1)]))
    var graph = sketch.graph
    if !form.namesSteps, let at = graph.nodes.firstIndex(where: { $0.opType == form.opType }) {
      graph.nodes[at].outputs[0] = nil
    }
    return graph
  }

  @Test(arguments: forms) func copiesGoAndTheFunctionStays(_ form: Form) throws {
    let graph = Self.graph(form, units: 4, copies: true, seed: 11)
    let sketch = try PreparedSketch(graph, count: 400, seed: 3, lossless: true)
    try #require(sketch.prepared.coupled.groups.map(\.count) == [8])
    let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(allowed: [true])
    #expect(result.removal.width(0) == 4, "\(result.removal.removed)")
    try result.graph.check()
    let fresh = SampleSketch(graph, count: 100, seed: 1_000)
    let (a, b) = (try fresh.outputs(graph)[0].doubles, try fresh.outputs(result.graph)[0].doubles)
    #expect(relativeError(a, b) < 1e-5)
  }

  /// Compensation beats the cut, and the re-fit does not undo it.
  @Test(arguments: forms) func whatReadsTheStatesMakesUpForUnits(_ form: Form) throws {
    let graph = Self.graph(form, units: 10, copies: false, seed: 5)
    let sketch = try PreparedSketch(graph, count: 300, seed: 8)
    let prepared = sketch.prepared
    try #require(prepared.coupled.groups.map(\.count) == [10])
    let removal = sketch.removal([1, 4, 7])
    let cut = prepared.rewrite.apply(removal)
    let compensated = prepared.compensated(removal)
    var refit = try Refit(
      Refit.Setting(
        original: graph, small: compensated, coupled: prepared.coupled, rewrite: prepared.rewrite, removal: removal,
        seed: 1, memory: 1 << 28))
    let fitted = try refit.run(
      sketch.source, fit: Array(0..<240), aside: Array(240..<300), final: true
    ) { (_: Double) throws(ShrinkError) in }
    let fresh = SampleSketch(graph, count: 200, seed: 2_000)
    let wanted = try fresh.outputs(graph)[0].doubles
    let errors = try [cut, compensated, fitted.graph].map { relativeError(wanted, try fresh.outputs($0)[0].doubles) }
    #expect(errors[1] < errors[0] && errors[2] < 0.9 * errors[0], "\(errors)")
    #expect(errors[2] < 1.05 * errors[1], "\(errors)")
  }
}
