import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct UnshareVectorsTests {
  /// The last operand of each node.
  private static func last(_ graph: Graph) -> [ValueID?] { graph.nodes.map { $0.inputs.last ?? nil } }

  @Test func everyLayerGetsItsOwnBias() throws {
    var sketch = GraphSketch()
    let bias = sketch.weight([4], name: "b")
    var x = sketch.input([4])
    for _ in 0..<3 { x = sketch.node("Gemm", [x, sketch.weight([4, 4]), bias]) }
    sketch.output(x)
    let before = sketch.graph
    var graph = before
    #expect(try UnshareVectors().apply(to: &graph))
    try graph.check()
    #expect(Set(Self.last(graph)).count == 3)
    #expect(Self.last(graph).first == .some(bias))
    #expect(Self.last(graph).allSatisfy { $0.map { graph[$0].constant == before[bias].constant } ?? false })
    #expect(try !UnshareVectors().apply(to: &graph))
    #expect(try MergeConstants().apply(to: &graph))
    try graph.check()
    #expect(Self.last(graph) == Self.last(before))
    #expect(graph.values.count == before.values.count)
  }

  @Test func layersThatApplyOneWeightShareWhatTheyAdd() throws {
    var sketch = GraphSketch()
    let (weight, bias) = (sketch.weight([4, 4]), sketch.weight([4], name: "b"))
    let x = sketch.input([4])
    let pair = [sketch.node("Gemm", [x, weight, bias]), sketch.node("Gemm", [x, weight, bias])]
    let other = sketch.node("Gemm", [x, sketch.weight([4, 4]), bias])
    for value in pair + [other] { sketch.output(value) }
    var graph = sketch.graph
    #expect(try UnshareVectors().apply(to: &graph))
    let operands = Self.last(graph)
    #expect(operands[0] == operands[1] && operands[0] != operands[2])
  }

  /// What is one for all its readers: weights with a single row, tables, single numbers, integers.
  @Test func leavesAlone() throws {
    var sketch = GraphSketch()
    let (row, table, number) = (sketch.weight([4, 1]), sketch.weight([6, 4]), sketch.weight([1]))
    let indices = sketch.constant(Tensor(shape: [4], [0, 1, 2, 3] as [Int64]))
    let x = sketch.input([4])
    for _ in 0..<2 {
      sketch.output(sketch.node("MatMul", [x, row]))
      sketch.output(sketch.node("Mul", [sketch.node("Gather", [table, indices]), number]))
    }
    var graph = sketch.graph
    #expect(try !UnshareVectors().apply(to: &graph))
  }

  @Test func whatOthersFindByNameKeepsItsName() throws {
    var sketch = GraphSketch()
    let scale = sketch.weight([4], name: "scale")
    let x = sketch.input([4])
    sketch.output(sketch.node("Mul", [x, scale]))
    sketch.output(sketch.node("Add", [x, scale]))
    sketch.output(scale)
    var graph = sketch.graph
    #expect(try UnshareVectors().apply(to: &graph))
    try graph.check()
    #expect(!Self.last(graph).contains(scale) && graph.outputs.contains(scale))
    #expect(try MergeConstants().apply(to: &graph))
    try graph.check()
    #expect(Self.last(graph).allSatisfy { $0.map { graph[$0].name == "scale" } ?? false })
  }
}
