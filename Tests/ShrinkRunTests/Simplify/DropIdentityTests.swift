import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct DropIdentityTests {
  private func simplified(_ graph: Graph) throws -> (Graph, Bool) {
    var graph = graph
    let changed = try DropIdentity().apply(to: &graph)
    try graph.check()
    return (graph, changed)
  }

  @Test func readersTakeTheOperand() throws {
    let (graph, changed) = try simplified(
      toyGraph(
        outputs: ["y"], [.init("Identity", ["x"], ["a"]), .init("Dropout", ["a"], ["b"]), .init("Relu", ["b"], ["y"])]))
    #expect(changed && graph.texts == ["Relu(x) -> y"])
  }

  @Test func outputsKeepTheirNames() throws {
    let (graph, changed) = try simplified(
      toyGraph(
        outputs: ["y", "z"],
        [.init("Relu", ["x"], ["a"]), .init("Identity", ["a"], ["y"]), .init("Relu", ["a"], ["z"])]))
    #expect(changed && graph.texts == ["Relu(x) -> y", "Relu(y) -> z"])
  }

  @Test func outputsThatCopyInputsConstantsOrOutputsStay() throws {
    let constant = ["w": Tensor(shape: [1, 4], repeating: Float(2))]
    let original = toyGraph(
      constant, outputs: ["p", "q", "r", "s"],
      [
        .init("Identity", ["x"], ["p"]), .init("Identity", ["w"], ["q"]), .init("Relu", ["x"], ["r"]),
        .init("Identity", ["r"], ["s"]),
      ])
    let (graph, changed) = try simplified(original)
    #expect(!changed && graph.texts == original.texts)
  }

  @Test func twoNamesForOneResult() throws {
    let (graph, changed) = try simplified(
      toyGraph(
        outputs: ["y", "z"],
        [.init("Relu", ["x"], ["a"]), .init("Identity", ["a"], ["y"]), .init("Identity", ["a"], ["z"])]))
    #expect(changed && graph.texts == ["Relu(x) -> y", "Identity(y) -> z"])
  }

  @Test func namesThatSubgraphsReadStay() throws {
    let branch = Attribute("then_branch", .graphs(captures: ["a"]))
    let (graph, changed) = try simplified(
      toyGraph(outputs: ["y"], [.init("Identity", ["x"], ["a"]), .init("If", ["x"], ["y"], [branch])]))
    #expect(!changed && graph.nodes.count == 2)
  }

  @Test func dropoutThatMayTrainOrWhoseMaskIsReadStays() throws {
    let flags = ["on": Tensor(true), "off": Tensor(false), "ratio": Tensor(Float(0.5))]
    let original = toyGraph(
      inputs: ["x", "flag"], flags, outputs: ["y", "m"],
      [
        .init("Dropout", ["x", "ratio", "on"], ["a"]), .init("Dropout", ["a", "ratio", "flag"], ["b"]),
        .init("Dropout", ["b"], ["c", "m"]), .init("Dropout", ["c", "ratio", "off"], ["d", "unread"]),
        .init("Relu", ["d"], ["y"]),
      ])
    let (graph, changed) = try simplified(original)
    #expect(changed && graph.texts == Array(original.texts.prefix(3)) + ["Relu(c) -> y"])
  }
}
