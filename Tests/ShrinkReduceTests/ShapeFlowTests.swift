import ShrinkGraph
import ShrinkOps
import ShrinkRun
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct ShapeFlowTests {
  /// The axes of input [N, 4, 6] that matter to the node that delivers their sizes.
  private func axes(
    of type: String = "Shape", _ attributes: [String: Attribute.Value] = [:],
    _ use: (inout GraphSketch, _ x: ValueID, _ sizes: ValueID) -> ValueID
  ) throws -> Set<Int> {
    var sketch = GraphSketch()
    let x = sketch.input([4, 6])
    let sizes = sketch.node(type, [x], attributes)
    let result = use(&sketch, x, sizes)
    sketch.output(result)
    let types = try Inference(sketch.graph, inputs: [x: TensorType(.float32, [2, 4, 6])]).types
    return try ShapeFlow(sketch.graph, types: types).axesThatMatter(NodeID(0))
  }

  private static func ints(_ sketch: inout GraphSketch, _ numbers: [Int64]) -> ValueID {
    sketch.constant(Tensor(shape: [numbers.count], numbers), name: "n")
  }

  @Test func whatGatherTakesMatters() throws {
    let found = try axes { sketch, x, sizes in
      let batch = sketch.node("Gather", [sizes, Self.ints(&sketch, [0])], ["axis": .int(0)])
      let target = sketch.node("Concat", [batch, Self.ints(&sketch, [24])], ["axis": .int(0)])
      return sketch.node("Reshape", [x, target])
    }
    #expect(found == [0])
  }

  @Test func rangesOfAxes() throws {
    let found = try axes(["start": .int(1), "end": .int(3)]) { sketch, x, sizes in
      let last = sketch.node("Slice", [sizes, Self.ints(&sketch, [1]), Self.ints(&sketch, [2])])
      return sketch.node("Mul", [x, sketch.node("Cast", [last], ["to": .int(1)])])
    }
    #expect(found == [2])
  }

  @Test func outputsAndUnknownUsesNeedAll() throws {
    #expect(try axes { _, _, sizes in sizes } == [0, 1, 2])
    let found = try axes { sketch, _, sizes in sketch.node("ReduceProd", [sizes], ["keepdims": .int(0)]) }
    #expect(found == [0, 1, 2])
    #expect(try axes(of: "Size") { _, _, size in size } == [0, 1, 2])
  }

  /// No size is −1, so what Where takes instead of one never comes from there, and the comparison reads nothing.
  @Test func comparisonsThatAreDecidedReadNothing() throws {
    let found = try axes { sketch, x, sizes in
      let wanted = sketch.node("Concat", [sizes], ["axis": .int(0)])
      let isOpen = sketch.node("Equal", [wanted, Self.ints(&sketch, [-1, -1, -1])])
      let target = sketch.node("Where", [isOpen, Self.ints(&sketch, [1, 1, 1]), wanted])
      let some = sketch.node("Gather", [target, Self.ints(&sketch, [0])], ["axis": .int(0)])
      return sketch.node("Reshape", [x, sketch.node("Concat", [some, Self.ints(&sketch, [-1])], ["axis": .int(0)])])
    }
    #expect(found == [0])
  }

  @Test func unreadSizesMatterNot() throws {
    #expect(try axes { sketch, x, _ in sketch.relu(x) }.isEmpty)
    #expect(try axes(of: "Size") { sketch, x, _ in sketch.relu(x) }.isEmpty)
  }

  /// What a Resize takes from its own operand follows it; the same sizes of another tensor, or in other places, do not.
  @Test func sizesThatAResizeTakesFromItselfFollow() throws {
    func resized(_ isOwn: Bool, _ order: [Int64]) throws -> (axes: Set<Int>, own: Set<Int>, groups: [Int]) {
      var sketch = GraphSketch()
      let x = sketch.relu(sketch.conv(sketch.input([2, 3, 3]), 2, 4))
      let other = sketch.relu(x)
      let shape = sketch.node("Shape", [isOwn ? x : other])
      let front = sketch.node("Gather", [shape, Self.ints(&sketch, order)], ["axis": .int(0)])
      let sizes = sketch.node("Concat", [front, Self.ints(&sketch, [6, 6])], ["axis": .int(0)])
      let large = sketch.node("Resize", [x, nil, nil, sizes])
      sketch.output(sketch.conv(large, 4, 2))
      let graph = sketch.graph
      let coupled = try CoupledSketch(graph, samples: 4)
      let flow = try ShapeFlow(graph, types: coupled.types)
      let ids = graph.nodes.indices.map { NodeID($0) }
      let reader = try #require(ids.first { graph[$0].opType == "Shape" })
      let resize = try #require(ids.first { graph[$0].opType == "Resize" })
      let found = flow.elements(of: graph[resize])[3] ?? []
      let own = found.indices.filter { found[$0] == .size(.input(0, $0)) }
      return (flow.axesThatMatter(reader), Set(own), coupled.coupled.groups.map(\.count))
    }
    #expect(try resized(true, [0, 1]) == ([], [0, 1], [4]))
    #expect(try resized(true, [1, 0]) == ([0, 1], [], []))
    #expect(try resized(false, [0, 1]) == ([0, 1], [], []))
  }
}
