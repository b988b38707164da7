import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct PickOperandsTests {
  /// Picks index `index` of the last states of a layer of one direction, constants of 2 rows, and x, whose size is open.
  private static func graph(_ index: Int64, openFirst: Bool) -> Graph {
    var sketch = GraphSketch(seed: 4)
    let x = sketch.input([2, 3])
    let steps = sketch.constant(Tensor(shape: [4, 2, 3], (0..<24).map { Float($0) / 12 - 1 }))
    let states = sketch.nodes(
      "RNN", [steps, sketch.weight([1, 3, 3]), sketch.weight([1, 3, 3])], results: 2, ["hidden_size": .int(3)])
    let rows = sketch.weight([2, 2, 3])
    let operands = openFirst ? [x, rows, states[1]] : [states[1], rows, x]
    let joined = sketch.node("Concat", operands, ["axis": .int(0)])
    sketch.output(sketch.node("Gather", [joined, sketch.constant(Tensor(shape: [], [index]))]))
    return sketch.graph
  }

  @Test(arguments: [(0, false), (1, false), (2, false), (-1, true), (-2, true), (-3, true)])
  func readsTheOperand(_ index: Int, _ openFirst: Bool) throws {
    var graph = Self.graph(Int64(index), openFirst: openFirst)
    let input = try #require(graph.realInputs.first)
    let x = Tensor(shape: [5, 2, 3], (0..<30).map { Float($0) })
    let before = try Executor(graph).run([input: x])
    #expect(try PickOperands().apply(to: &graph))
    try graph.check()
    let gather = try #require(graph.nodes.first { $0.opType == "Gather" })
    let concat = try #require(graph.nodes.first { $0.opType == "Concat" })
    #expect(gather.inputs[0] != concat.outputs[0])
    let after = try Executor(graph).run([input: x])
    #expect(graph.outputs.map { after[$0] } == graph.outputs.map { before[$0] })
    #expect(try !PickOperands().apply(to: &graph))
  }

  @Test(arguments: [(3, false), (-1, false), (0, true), (-4, true)])
  func whatLiesBehindAnOpenSizeStays(_ index: Int, _ openFirst: Bool) throws {
    var graph = Self.graph(Int64(index), openFirst: openFirst)
    #expect(try !PickOperands().apply(to: &graph))
  }
}
