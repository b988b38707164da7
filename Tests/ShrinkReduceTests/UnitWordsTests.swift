import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct UnitWordsTests {
  /// What the units of each group of a graph are.
  private func kinds(_ sketch: GraphSketch) throws -> [String] {
    let words = UnitWords(sketch.graph)
    return try CoupledSketch(sketch.graph).coupled.groups.map(words.text)
  }

  @Test func dense() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let plain = sketch.gemm(sketch.relu(sketch.gemm(x, 3, 5)), 5, 2)
    let gated = sketch.gemm(sketch.node("Mul", [sketch.gemm(x, 3, 6), sketch.gemm(x, 3, 6)]), 6, 2)
    sketch.output(sketch.node("Concat", [plain, gated], ["axis": .int(1)]))
    #expect(try kinds(sketch) == ["hidden units of an MLP", "hidden units of a gated MLP"])
  }

  /// A sum with what the branch came from is a stream; a sum of two branches is not.
  @Test func sums() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 4, 4])
    let stem = sketch.conv(x, 2, 5)
    let stream = sketch.node("Add", [stem, sketch.conv(sketch.relu(stem), 5, 5)])
    sketch.output(sketch.conv(stream, 5, 2))
    sketch.output(sketch.conv(sketch.node("Add", [sketch.conv(x, 2, 6), sketch.conv(x, 2, 6)]), 6, 2))
    #expect(try kinds(sketch) == ["channels of a residual stream", "channels of branches that are added"])
  }

  /// x + x³, a part of Gelu by tanh: the units stay those of an MLP.
  @Test func sumsWithinAFunction() throws {
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 6)
    let square = sketch.node("Mul", [hidden, hidden])
    let sum = sketch.node("Add", [hidden, sketch.node("Mul", [square, hidden])])
    sketch.output(sketch.gemm(sketch.node("Mul", [sketch.node("Tanh", [sum]), hidden]), 6, 2))
    #expect(try kinds(sketch) == ["hidden units of an MLP"])
  }

  /// Operators that hold heads × width on one axis: heads, and both widths within them.
  @Test func attentionOperator() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3, 6])
    let (q, k, v) = (sketch.weight([6, 8]), sketch.weight([6, 8]), sketch.weight([6, 8]))
    let operands = [q, k, v].map { sketch.node("MatMul", [x, $0]) }
    let attention = sketch.node(
      "MultiHeadAttention", operands, domain: "com.microsoft", ["num_heads": .int(2)])
    sketch.output(sketch.node("MatMul", [attention, sketch.weight([8, 5])]))
    let found = try kinds(sketch)
    #expect(Set(found) == ["attention heads", "places of query-key width", "places of value width"], "\(found)")
  }

  @Test func groupsOfConvolutions() throws {
    var sketch = GraphSketch()
    let x = sketch.conv(sketch.input([2, 4, 4]), 2, 8)
    let grouped = sketch.node("Conv", [x, sketch.weight([8, 2, 1, 1])], name: "grouped", ["group": .int(4)])
    let deep = sketch.node("Conv", [grouped, sketch.weight([8, 1, 1, 1])], name: "deep", ["group": .int(8)])
    sketch.output(sketch.conv(deep, 8, 2))
    let found = try kinds(sketch)
    #expect(found.contains("groups of 2 channels") && found.contains("places in each of 4 groups"), "\(found)")
    let words = UnitWords(sketch.graph)
    #expect(words.passing(NodeID(1)) == "grouped Conv" && words.passing(NodeID(2)) == "depthwise Conv")
  }
}
