import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct PipelineTests {
  private struct Breaker: Pass {
    static let name = "Breaker"
    static let summary = "forgets the first node"
    func apply(to graph: inout Graph) -> Bool {
      graph.nodes.removeFirst()
      return true
    }
  }

  @Test func reportsWhatChanged() throws {
    var graph = toyGraph(
      ["w": Tensor(shape: [4], repeating: Float(1))], outputs: ["y"],
      [.init("Identity", ["x"], ["a"]), .init("Relu", ["a"], ["y"]), .init("Relu", ["a"], ["unread"])])
    #expect(try Pipeline().run(&graph) == ["DropIdentity", "DropDead"])
    #expect(graph.texts == ["Relu(x) -> y"])
    #expect(graph.values.map(\.name) == ["x", "y"])
    #expect(try Pipeline().run(&graph).isEmpty)
  }

  @Test func namesThePassThatBreaksTheGraph() throws {
    var graph = toyGraph(outputs: ["y"], [.init("Relu", ["x"], ["a"]), .init("Relu", ["a"], ["y"])])
    let error = #expect(throws: ShrinkError.self) { try Pipeline([Breaker()], checks: true).run(&graph) }
    #expect(error?.code == .internal && error?.fact.hasPrefix("the pass Breaker broke the graph") == true)
  }
}
