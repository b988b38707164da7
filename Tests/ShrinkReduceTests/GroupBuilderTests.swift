import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct GroupBuilderTests {
  /// Conv 4 - Flatten - Gemm: a unit takes a block of columns of the flat tensor.
  @Test func flattenedUnitsTakeBlocks() throws {
    var sketch = GraphSketch()
    let maps = sketch.conv(sketch.input([2, 3, 5]), 2, 4, name: "maps")
    let flat = sketch.node("Flatten", [maps])
    sketch.output(sketch.gemm(flat, 60, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    let group = try #require(coupled.groups.first)
    let axis = try #require(group.axes.first { $0.axis == ValueAxis(flat, 1) })
    #expect(axis.perUnit == 15)
    #expect(axis.units == (0..<60).map { Int32($0 / 15) })
    #expect(coupled.sites[1].columns(of: 0, count: 4) == (0..<4).map { Array($0 * 15..<($0 + 1) * 15) })
  }

  /// Depthwise filters, BatchNorm tensors and biases belong to the group of the maps that they act on.
  @Test func weightsOnTheWayBelongToTheGroup() throws {
    var sketch = GraphSketch()
    let maps = sketch.conv(sketch.input([2, 4, 4]), 2, 3)
    let filters = sketch.weight([3, 1, 3, 3])
    let deep = sketch.node("Conv", [maps, filters], ["group": .int(3), "pads": .ints([1, 1, 1, 1])])
    let norm = (0..<4).map { _ in sketch.weight([3], in: 0.5...1) }
    let normal = sketch.node("BatchNormalization", [deep] + norm)
    sketch.output(sketch.conv(normal, 3, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.count) == [3])
    let axes = Set(try #require(coupled.groups.first).axes.map(\.axis))
    #expect(axes.isSuperset(of: (norm + [filters]).map { ValueAxis($0, 0) }))
    #expect(coupled.groups.first?.between == [NodeID(1), NodeID(2)])
  }

  /// Units of one axis that touch different axes besides are different groups; the rest of the axis is marked -1.
  @Test func partsOfAnAxisMayBeDifferentGroups() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let (a, b) = (sketch.gemm(x, 3, 2), sketch.gemm(x, 3, 4))
    let joined = sketch.node("Concat", [a, b], ["axis": .int(1)])
    sketch.output(sketch.gemm(joined, 6, 2))
    let groups = try CoupledSketch(sketch.graph).coupled.groups
    let units = groups.map { group in group.axes.first { $0.axis == ValueAxis(joined, 1) }?.units }
    #expect(units == [[0, 1, -1, -1, -1, -1], [-1, -1, 0, 1, 2, 3]])
  }

  @Test func groupIsNamedAfterWhatMakesItOrTheOperator() throws {
    var sketch = GraphSketch()
    let first = sketch.gemm(sketch.input([3]), 3, 2, name: "head")
    sketch.output(sketch.gemm(first, 2, 2))
    var graph = sketch.graph
    #expect(try CoupledSketch(graph).coupled.groups.map(\.name) == ["head"])
    graph.nodes[0].name = ""
    #expect(try CoupledSketch(graph).coupled.groups.map(\.name) == ["Gemm"])
  }
}
