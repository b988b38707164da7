import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct DropDeadTests {
  @Test func dropsWhatNothingNeeds() throws {
    var graph = toyGraph(
      inputs: ["x", "unused"], ["w": Tensor(Float(1))], outputs: ["y"],
      [.init("Add", ["x", "w"], ["a"]), .init("Relu", ["a"], ["b"]), .init("Relu", ["x"], ["y"])])
    #expect(try DropDead().apply(to: &graph))
    #expect(graph.texts == ["Relu(x) -> y"])
    #expect(graph.values.map(\.name) == ["x", "unused", "y"])
    #expect(try !DropDead().apply(to: &graph))
  }

  @Test func keepsWhatALivingSubgraphReads() throws {
    let branch = Attribute("then_branch", .graphs(captures: ["a"]))
    var graph = toyGraph(
      outputs: ["y"],
      [.init("Relu", ["x"], ["a"]), .init("If", ["x"], ["y"], [branch]), .init("If", ["x"], ["z"], [branch])])
    #expect(try DropDead().apply(to: &graph))
    #expect(graph.texts == ["Relu(x) -> a", "If(x) -> y"])
  }
}
