import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct ReachTests {
  private func hint(_ nodes: [Node.Toy], outputs: [String]) throws -> String? {
    let graph = toyGraph(outputs: outputs, nodes)
    return #expect(throws: ShrinkError.self) { try Executor(graph, make: Toys.make) }?.hint
  }

  @Test func namesWhereToCut() throws {
    let nodes: [Node.Toy] = [
      .init("Relu", ["x"], ["a"]), .init("Relu", ["a"], ["b"]), .init("Mystery", ["b"], ["c"]),
      .init("Add", ["c", "a"], ["y"]),
    ]
    #expect(
      try hint(nodes, outputs: ["y"]) == "2 of 4 nodes can be run in front of it: cut the model at 'b', 'a'")
  }

  @Test func namesOutputsThatDoNotNeedIt() throws {
    let nodes: [Node.Toy] = [
      .init("Relu", ["x"], ["a"]), .init("Mystery", ["a"], ["y"]), .init("Riddle", ["x"], ["z"]),
      .init("Relu", ["a"], ["w"]),
    ]
    #expect(
      try hint(nodes, outputs: ["y", "z", "w"])
        == "of the outputs, 'w' can be computed without it: cut the model to what is wanted of them")
  }

  @Test func saysWhenNothingRuns() throws {
    #expect(try hint([.init("Mystery", ["x"], ["y"])], outputs: ["y"]) == "nothing of the network runs in front of it")
  }
}
