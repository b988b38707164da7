import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct SharedTablesTests {
  /// Layers that multiply by a table, next to a weight of some size.
  private static func graph(layers: Int, weight: Int, opType: String = "Mul") -> (Graph, table: ValueID) {
    var sketch = GraphSketch()
    let table = sketch.weight([4, 4], name: "cosines")
    let x = sketch.input([4, weight])
    let hidden = sketch.node("MatMul", [x, sketch.weight([weight, 4])])
    for _ in 0..<layers { sketch.output(sketch.node(opType, [hidden, table])) }
    return (sketch.graph, table)
  }

  @Test func readersGetCopies() throws {
    let (graph, table) = Self.graph(layers: 3, weight: 400)
    let tables = SharedTables(graph)
    #expect(tables.all.map(\.value) == [table])
    let uses = try #require(tables.all.first).uses
    let (apart, values) = try #require(tables.copied([[[uses[0], uses[2]], [uses[1]]]], in: graph))
    try apart.check()
    let read = apart.nodes.filter { $0.opType == "Mul" }.map { $0.inputs[1] }
    #expect(read == [values[0][0], values[0][1], values[0][0]])
    #expect(values[0][0] == table && values[0][1] != table && apart[values[0][1]].constant == graph[table].constant)
    let (all, own) = tables.copiedThroughout(graph)
    #expect(Set(own[0]).count == 3 && own[0].allSatisfy { all[$0].constant == graph[table].constant })
    var merged = all
    #expect(try MergeConstants().apply(to: &merged))
    #expect(merged.values.count == graph.values.count)
  }

  /// 1/32 of the bytes of all constants is enough for one copy of 64 bytes, not for two.
  @Test func copiesStaySmall() throws {
    let (graph, _) = Self.graph(layers: 3, weight: 150)
    let tables = SharedTables(graph)
    let uses = try #require(tables.all.first).uses
    #expect(tables.copied([[[uses[0]], [uses[1], uses[2]]]], in: graph) != nil)
    #expect(tables.copied([uses.map { [$0] }], in: graph) == nil)
    #expect(SharedTables(Self.graph(layers: 3, weight: 100).0).all.isEmpty)
  }

  /// Weights, rows that are picked, vectors (`UnshareVectors`), and what only one node reads.
  @Test func leavesAlone() throws {
    #expect(SharedTables(Self.graph(layers: 2, weight: 400, opType: "MatMul").0).all.isEmpty)
    #expect(SharedTables(Self.graph(layers: 1, weight: 400).0).all.isEmpty)
    var sketch = GraphSketch()
    let (table, vector, big) = (sketch.weight([4, 4]), sketch.weight([4]), sketch.weight([400, 4]))
    let index = sketch.constant(Tensor(shape: [2], [0, 1] as [Int64]))
    let x = sketch.node("MatMul", [sketch.input([400]), big])
    for _ in 0..<2 {
      sketch.output(sketch.node("Mul", [sketch.node("Gather", [table, index]), sketch.node("Add", [x, vector])]))
    }
    #expect(SharedTables(sketch.graph).all.isEmpty)
  }
}
