import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct MergeNodesTests {
  @Test func oneIsLeftOfNodesThatComputeTheSame() throws {
    var graph = toyGraph(
      outputs: ["y"],
      [
        .init("Abs", ["x"], ["a"]), .init("Neg", ["a"], ["p"]), .init("Abs", ["x"], ["b"]),
        .init("Neg", ["b"], ["q"]), .init("Add", ["p", "q"], ["y"]),
      ])
    #expect(try MergeNodes().apply(to: &graph))
    try graph.check()
    #expect(graph.texts == ["Abs(x) -> a", "Neg(a) -> p", "Add(p, p) -> y"])
    #expect(try !MergeNodes().apply(to: &graph))
  }

  @Test func whatDiffersOrIsSeenStays() throws {
    let nodes: [Node.Toy] = [
      .init("Softmax", ["x"], ["a"], [Attribute("axis", .int(0))]), .init("Softmax", ["x"], ["b"]),
      .init("RandomNormalLike", ["x"], ["r"]), .init("RandomNormalLike", ["x"], ["s"]),
      .init("Add", ["a", "b"], ["p"]), .init("Add", ["r", "s"], ["q"]), .init("Add", ["p", "q"], ["y"]),
      .init("Add", ["p", "q"], ["z"]),
    ]
    var graph = toyGraph(outputs: ["y", "z"], nodes)
    #expect(try !MergeNodes().apply(to: &graph))
    #expect(graph.nodes.count == nodes.count)
  }
}
