import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct FoldConstantsTests {
  private let constants = ["a": Tensor(shape: [1, 4], [1, -2, 3, -4] as [Float]), "b": Tensor(Float(1))]
  private let nodes: [Node.Toy] = [
    .init("Add", ["a", "b"], ["c"]), .init("Relu", ["c"], ["d"]), .init("Add", ["x", "d"], ["y"]),
  ]

  @Test func computesChainsAhead() throws {
    var graph = toyGraph(constants, outputs: ["y"], nodes)
    #expect(try FoldConstants(make: Toys.make).apply(to: &graph))
    try graph.check()
    #expect(graph.texts == ["Add(x, d) -> y"])
    #expect(try graph[graph.value("d")].constant == Tensor(shape: [1, 4], [2, 0, 4, 0] as [Float]))
    #expect(try graph[graph.value("d")].constantForm == .initializer)
    #expect(graph.values.map(\.name).sorted() == ["d", "x", "y"])
    #expect(try !FoldConstants(make: Toys.make).apply(to: &graph))
  }

  @Test func constantNodesStayConstantNodes() throws {
    var graph = toyGraph(constants, outputs: ["y"], [.init("Constant", [], ["a"])] + nodes)
    graph[try graph.value("a")].constantForm = .constantNode
    #expect(try FoldConstants(make: Toys.make).apply(to: &graph))
    try graph.check()
    #expect(graph.texts == ["Constant() -> a", "Constant() -> c", "Constant() -> d", "Add(x, d) -> y"])
  }

  @Test func severalResultsAndListedWeights() throws {
    var graph = toyGraph(
      inputs: ["x", "w"], ["w": Tensor(shape: [2, 4], repeating: Float(1))], outputs: ["y"],
      [.init("Halves", ["w"], ["p", "q"]), .init("Add", ["p", "q"], ["r"]), .init("Add", ["x", "r"], ["y"])])
    #expect(try FoldConstants(make: Toys.make).apply(to: &graph))
    try graph.check()
    #expect(graph.inputs.count == 2)
    #expect(try graph[graph.value("r")].constantForm == .constantNode)
    #expect(try graph.outputs(for: Tensor(shape: [1, 4], repeating: Float(1)))["y"] == [3, 3, 3, 3])
  }

  /// More elements than other operators may fill.
  @Test func weightsOfAnySizeAreDequantised() throws {
    var sketch = GraphSketch()
    let rows = FoldLimit.elements / 1024 + 1
    let codes = sketch.constant(Tensor(shape: [rows, 1024], repeating: Int8(3)), name: "codes")
    let weight = sketch.node("DequantizeLinear", [codes, sketch.constant(Tensor(Float(0.5)), name: "scale")])
    sketch.output(sketch.node("MatMul", [sketch.input([rows]), sketch.node("Transpose", [weight])]))
    var graph = sketch.graph
    #expect(try FoldConstants().apply(to: &graph))
    try graph.check()
    #expect(graph.nodes.map(\.opType) == ["MatMul"])
    let folded = try #require(graph.nodes[0].inputs[1])
    #expect(graph[folded].constant == Tensor(shape: [1024, rows], repeating: Float(1.5)))
    #expect(graph[folded].stored?.byteCount == rows * 1024 + 4)
    #expect(graph[folded].stored?.body.nodes.map(\.opType) == ["DequantizeLinear", "Transpose"])
  }

  /// Transposing in full takes no more room, unless somebody else reads the weight as it is.
  @Test func formsAreKeptWhereTheFileWouldGrow() throws {
    for readers in 1...2 {
      var sketch = GraphSketch()
      let weight = sketch.weight([4, 4])
      let x = sketch.input([4])
      for _ in 1..<readers { sketch.output(sketch.node("MatMul", [x, weight])) }
      sketch.output(sketch.node("MatMul", [x, sketch.node("Transpose", [weight])]))
      var graph = sketch.graph
      #expect(try FoldConstants().apply(to: &graph))
      let folded = try #require(graph.nodes.last?.inputs[1])
      #expect((graph[folded].stored != nil) == (readers > 1))
    }
  }

  @Test func leavesAlone() throws {
    let branch = Attribute("then_branch", .graphs(captures: []))
    let original = toyGraph(
      constants, outputs: ["out", "y"],
      [
        .init("Relu", ["a"], ["out"]), .init("RandomNormalLike", ["a"], ["r"]), .init("Mystery", ["a"], ["m"]),
        .init("If", ["b"], ["i"], [branch]), .init("Add", ["x", "r"], ["y"]), .init("Liar", ["x"], ["l"]),
      ])
    var graph = original
    #expect(try !FoldConstants(make: Toys.make).apply(to: &graph))
    #expect(graph.texts == original.texts)
  }
}
