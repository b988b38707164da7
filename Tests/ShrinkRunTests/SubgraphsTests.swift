import ShrinkGraph
import ShrinkOps
import Testing

@testable import ShrinkRun

@Suite struct SubgraphsTests {
  private static let make: OperatorMaker = { (node, opset) throws(OperatorError) in
    try node.opType == "If" ? OperatorTable.make(node, opset: opset) : Toys.make(node, opset)
  }

  /// `If` whose branches read 'a' and 'x' from around them; 'a' is read by nothing else.
  private func graph(other: [Node.Toy], _ condition: [String: Tensor] = [:]) -> Graph {
    let then = body([.init("Add", ["a", "x"], ["t"])], "t")
    let branches = [
      Attribute("then_branch", .graphs([then], captures: ["a", "x"])),
      Attribute("else_branch", .graphs([body(other, "e")], captures: ["x"])),
    ]
    var graph = toyGraph(
      inputs: condition.isEmpty ? ["x", "c"] : ["x"], condition, outputs: ["y"],
      [
        .init("Relu", ["x"], ["a"]), .init("Relu", ["x"], ["unread"]), .init("If", ["c"], ["b"], branches),
        .init("Relu", ["b"], ["y"]),
      ])
    if let c = graph.index()["c"] { graph[c].type = nil }
    return graph
  }

  private func body(_ nodes: [Node.Toy], _ output: String) -> Graph {
    toyGraph(inputs: [], outputs: [output], nodes)
  }

  private func feeds(_ graph: Graph, _ condition: Bool) throws -> [ValueID: Tensor] {
    [try graph.value("x"): ExecutorTests.x, try graph.value("c"): Tensor(condition)]
  }

  @Test func capturedValuesLiveUntilTheNodeThatReadsThem() throws {
    let graph = graph(other: [.init("Relu", ["x"], ["e"])])
    let executor = try Executor(graph, make: Self.make)
    #expect(executor.steps.map { graph[$0].opType } == ["Relu", "If", "Relu"])
    let y = try graph.value("y")
    #expect(
      try executor.run(feeds(graph, true))[y]?.elements(Float.self) == [0, 4, 0, 8, 10, 0, 14, 0])
    #expect(try executor.run(feeds(graph, false))[y]?.elements(Float.self) == [0, 2, 0, 4, 5, 0, 7, 0])
  }

  @Test func compiledFormsLeaveGraphsInAttributesAlone() throws {
    let graph = graph(other: [.init("Relu", ["x"], ["e"])])
    let plain = try Executor(graph, make: OperatorTable.make).run(feeds(graph, true))
    let feeds = try feeds(graph, true)
    let compiled = try Executor(graph).run(feeds)
    #expect(try compiled[graph.value("y")] == plain[graph.value("y")])
  }

  @Test func typesFollowAConstantConditionOrBothBranches() throws {
    let halves = [Node.Toy("Halves", ["x"], ["e", ""])]
    let x = TensorType(.float32, [2, 4])
    for (condition, shape) in [(true, [2, 4]), (false, [1, 4])] {
      let graph = graph(other: halves, ["c": Tensor(condition)])
      let inference = try Inference(graph, inputs: [graph.value("x"): x], make: Self.make)
      #expect(try inference[graph.value("y")]?.shape == shape)
    }
    for (other, isKnown) in [(halves, false), ([Node.Toy("Relu", ["x"], ["e"])], true)] {
      let graph = graph(other: other)
      let types = [try graph.value("x"): x, try graph.value("c"): TensorType(.bool, [])]
      #expect(try (Inference(graph, inputs: types, make: Self.make)[graph.value("y")] != nil) == isKnown)
    }
  }

  @Test func errorsInsideNameBothNodes() throws {
    let graph = graph(other: [.init("Mystery", ["x"], ["e"])])
    let error = #expect(throws: ShrinkError.self) { try Executor(graph, make: Self.make) }
    #expect(error?.code == .unsupportedOperator && error?.place == "node 'if' (If)")
    #expect(error?.fact.hasPrefix("in the graph 'else_branch': node 'mystery' (Mystery)") == true)
  }

  @Test func onlyTensorsGoInAndOut() throws {
    var graph = toyGraph(outputs: ["y"], [.init("Relu", ["x"], ["y"])])
    graph[try graph.value("x")].container = "sequence"
    let error = #expect(throws: ShrinkError.self) { try Executor(graph, make: Self.make) }
    #expect(error?.code == .unsupportedOperator && error?.place == "value 'x'")
  }
}
