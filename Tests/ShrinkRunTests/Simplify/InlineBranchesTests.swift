import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct InlineBranchesTests {
  /// One node of a branch: operator, operands and result by name.
  private typealias Step = (type: String, inputs: [String], output: String, attributes: [Attribute])

  /// A branch that shows one value; names that nothing in it makes are read from around it.
  private static func branch(_ steps: [Step], shows: String, constants: [String: Tensor] = [:]) -> Graph {
    var body = Graph()
    var known: [String: ValueID] = [:]
    for (name, tensor) in constants { known[name] = body.addValue(named: name, constant: tensor) }
    func value(_ name: String) -> ValueID {
      let id = known[name] ?? body.addValue(named: name)
      known[name] = id
      return id
    }
    for step in steps {
      let inputs = step.inputs.map(value)
      for case .graphs(_, let captures) in step.attributes.map(\.value) { for name in captures { _ = value(name) } }
      body.nodes.append(
        Node(step.type, inputs: inputs, outputs: [value(step.output)], attributes: step.attributes))
    }
    body.outputs = [value(shows)]
    return body
  }

  private static func attributes(_ then: Graph, _ other: Graph, captures: [String]) -> [Attribute] {
    [
      Attribute("then_branch", .graphs([then], captures: captures)),
      Attribute("else_branch", .graphs([other], captures: captures)),
    ]
  }

  /// x → Relu → If → Neg → output, with the If deciding by `condition`.
  private static func graph(
    _ then: Graph, _ other: Graph, _ condition: (inout GraphSketch, ValueID) -> ValueID
  ) -> Graph {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let inner = sketch.relu(x)
    let decides = condition(&sketch, inner)
    let branches = attributes(then, other, captures: [sketch.graph[inner].name])
    let result = sketch.node(
      "If", [decides], Dictionary(uniqueKeysWithValues: branches.map { ($0.name, $0.value) }))
    sketch.output(sketch.node("Neg", [result]))
    return sketch.graph
  }

  /// The name that `graph` gives to what the branches read.
  private static let read = "t1"

  private static func inlined(_ graph: Graph) throws -> Graph {
    var small = graph
    #expect(try InlineBranches().apply(to: &small))
    try small.check()
    #expect(Set(small.values.map(\.name)).count == small.values.count)
    var rng = SplitMix64(seed: 9)
    let data = Tensor.random([2, 3], using: &rng)
    let wanted = try Executor(graph).run([graph.inputs[0]: data])[graph.outputs[0]]
    let found = try Executor(small).run([small.inputs[0]: data])[small.outputs[0]]
    #expect(try #require(found).difference(from: #require(wanted), tolerance: 1e-6) == nil)
    #expect(try !InlineBranches().apply(to: &small))
    return small
  }

  @Test(arguments: [true, false]) func theBranchThatIsTakenStandsInPlace(condition: Bool) throws {
    let two = ["k": Tensor(shape: [3], [2, 3, 4] as [Float])]
    let then = Self.branch(
      [("Mul", [Self.read, "k"], "a", []), ("Exp", ["a"], "b", [])], shows: "b", constants: two)
    let other = Self.branch([("Sin", [Self.read], "a", [])], shows: "a")
    let graph = Self.graph(then, other) { sketch, _ in sketch.constant(Tensor(condition)) }
    let types = try Self.inlined(graph).nodes.map(\.opType)
    #expect(types == (condition ? ["Relu", "Mul", "Exp", "Neg"] : ["Relu", "Sin", "Neg"]))
  }

  /// A value from around the branch, a constant of its own, and the same value twice.
  @Test func branchesThatComputeNothing() throws {
    let passed = Self.branch([("Identity", [Self.read], "a", [])], shows: "a")
    let constant = Self.branch([], shows: "k", constants: ["k": Tensor(shape: [3], [1, 2, 3] as [Float])])
    let first = Self.graph(passed, constant) { sketch, _ in sketch.constant(Tensor(true)) }
    #expect(try Self.inlined(first).nodes.map(\.opType) == ["Relu", "Neg"])
    var second = Self.graph(passed, constant) { sketch, _ in sketch.constant(Tensor(shape: [1], [false])) }
    #expect(try InlineBranches().apply(to: &second))
    try second.check()
    #expect(!second.nodes.contains { $0.opType == "If" })
  }

  /// Conditions inside the branch that is taken, and those that follow from what it shows.
  @Test func oneDecisionAfterTheOther() throws {
    let leaves = ["Abs", "Sin"].map { Self.branch([($0, [Self.read], "leaf", [])], shows: "leaf") }
    let inner = Self.attributes(leaves[0], leaves[1], captures: [Self.read])
    let nested = Self.branch(
      [("Greater", ["p", "q"], "c", []), ("If", ["c"], "n", inner)],
      shows: "n", constants: ["p": Tensor(Float(1)), "q": Tensor(Float(2))])
    let graph = Self.graph(nested, leaves[0]) { sketch, _ in sketch.constant(Tensor(true)) }
    #expect(try Self.inlined(graph).nodes.map(\.opType) == ["Relu", "Sin", "Neg"])
  }

  /// A graph further inside reads by name: what the branch shows would have another.
  @Test func namesThatAreReadFurtherInside() throws {
    func leaf(_ type: String, _ name: String) -> Graph {
      Self.branch([(type, [name], "leaf_\(type)", [])], shows: "leaf_\(type)")
    }
    func nested(_ name: String, shows: String) -> Graph {
      let branches = Self.attributes(leaf("Abs", name), leaf("Sin", name), captures: [name])
      return Self.branch(
        [
          ("ReduceMax", [Self.read], "m", [Attribute("keepdims", .int(0))]), ("Greater", ["m", "q"], "c", []),
          ("Exp", [Self.read], "e", []), ("If", ["c"], "n", branches),
        ], shows: shows, constants: ["q": Tensor(Float(0))])
    }
    func always(_ then: Graph) -> Graph {
      Self.graph(then, leaf("Cos", Self.read)) { sketch, _ in sketch.constant(Tensor(true)) }
    }
    let free = always(nested("e", shows: "n"))
    #expect(try Self.inlined(free).nodes.map(\.opType) == ["Relu", "ReduceMax", "Greater", "Exp", "If", "Neg"])
    var held = always(nested("e", shows: "e"))
    #expect(try !InlineBranches().apply(to: &held))
    #expect(held.nodes.contains { $0.opType == "If" })
  }

  /// What the data decide, and an If without the branch that it takes.
  @Test func leavesAlone() throws {
    let leaves = ["Abs", "Sin"].map { Self.branch([($0, [Self.read], "leaf", [])], shows: "leaf") }
    var open = Self.graph(leaves[0], leaves[1]) { sketch, x in
      let most = sketch.node("ReduceMax", [x], ["keepdims": .int(0)])
      return sketch.node("Greater", [most, sketch.constant(Tensor(Float(0.5)))])
    }
    #expect(try !InlineBranches().apply(to: &open))
    var lacking = Self.graph(leaves[0], leaves[1]) { sketch, _ in sketch.constant(Tensor(true)) }
    let at = try #require(lacking.nodes.firstIndex { $0.opType == "If" })
    lacking.nodes[at].attributes.removeAll { $0.name == "then_branch" }
    #expect(try !InlineBranches().apply(to: &lacking))
  }

  /// Where the rank decides, whatever the sizes are: Greater of Size of Shape.
  @Test func ranksDecide() throws {
    let leaves = ["Abs", "Sin"].map { Self.branch([($0, [Self.read], "leaf", [])], shows: "leaf") }
    let graph = Self.graph(leaves[0], leaves[1]) { sketch, x in
      let rank = sketch.node("Size", [sketch.node("Shape", [x])])
      return sketch.node("Greater", [rank, sketch.constant(Tensor(Int64(2)))])
    }
    let small = try Simplified(graph, inputs: ["x": TensorType(.float32, [4, 3])]).graph
    #expect(small.nodes.map(\.opType) == ["Relu", "Sin", "Neg"])
  }
}
