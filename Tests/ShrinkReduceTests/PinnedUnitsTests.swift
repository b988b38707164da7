import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct PinnedUnitsTests {
  /// What is pinned in a graph, by the first layer that makes it.
  private func pinned(_ sketch: GraphSketch) throws -> [String: PinnedUnits] {
    let list = try CoupledSketch(sketch.graph).coupled.pinned
    return Dictionary(list.map { ($0.madeBy.first ?? "", $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// An operator that needs all units, and what the sentence must say.
  private static let whole: [(String, [Int], [String: Attribute.Value], String)] = [
    ("Softmax", [], ["axis": .int(1)], "Softmax 'odd' normalises over all of them"),
    ("LayerNormalization", [6], [:], "LayerNormalization 'odd' normalises over all of them"),
    ("ReduceL2", [], ["axes": .ints([1])], "ReduceL2 'odd' reduces over all of them"),
    ("ArgMax", [], ["axis": .int(1)], "ArgMax 'odd' compares all of them"),
  ]

  @Test(arguments: whole.indices) func operatorThatNeedsAllIsNamed(position: Int) throws {
    let (type, scale, attributes, text) = Self.whole[position]
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 6, name: "first")
    let operands = [hidden] + (scale.isEmpty ? [] : [sketch.weight(scale)])
    sketch.output(sketch.node(type, operands, name: "odd", attributes))
    sketch.output(sketch.gemm(hidden, 6, 2, name: "second"))
    let first = try #require(try pinned(sketch)["first"])
    #expect(first.reasons.map(\.text) == [text] && first.kind == "hidden units")
    #expect(first.units == 6 && first.of == 6 && first.axis == 1 && first.tensor == sketch.graph[hidden].name)
  }

  /// A residual stream is one entry with all its layers and all that forbids.
  @Test func streamIsOneEntry() throws {
    var sketch = GraphSketch()
    var stream = sketch.gemm(sketch.input([3]), 3, 4, name: "in")
    for block in 1...2 {
      let normal = sketch.node("LayerNormalization", [stream, sketch.weight([4])], name: "norm\(block)")
      let inner = sketch.relu(sketch.gemm(normal, 4, 7, name: "up\(block)"))
      stream = sketch.node("Add", [stream, sketch.gemm(inner, 7, 4, name: "down\(block)")])
    }
    sketch.output(sketch.gemm(stream, 4, 2, name: "out"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.name) == ["up1", "up2"])
    let entry = try #require(coupled.pinned.first)
    #expect(entry.madeBy == ["in", "down1", "down2"] && entry.kind == "channels of a residual stream")
    #expect(entry.reasons.map(\.name) == ["norm1", "norm2"] && coupled.pinned.count == 2)
  }

  @Test func partOfAnAxisIsCounted() throws {
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 6, name: "first")
    let lengths = sketch.constant(Tensor(shape: [2], [Int64(4), 2]))
    let parts = sketch.nodes("Split", [hidden, lengths], results: 2, ["axis": .int(1)])
    sketch.output(sketch.node("Softmax", [parts[1]], name: "soft", ["axis": .int(1)]))
    sketch.output(sketch.gemm(parts[0], 4, 2, name: "second"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.count) == [4])
    let entry = try #require(coupled.pinned.first { $0.madeBy == ["first"] })
    #expect(entry.units == 2 && entry.of == 6 && entry.reasons.map(\.name) == ["soft"])
  }

  /// h hᵀ written as one axis: no unit can go from one factor alone.
  @Test func whatIsTiedToItselfIsSaid() throws {
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 4, name: "first")
    let one = sketch.constant(Tensor(shape: [1], [Int64(1)]))
    let two = sketch.constant(Tensor(shape: [1], [Int64(2)]))
    let (column, row) = (sketch.node("Unsqueeze", [hidden, two]), sketch.node("Unsqueeze", [hidden, one]))
    let outer = sketch.node("Mul", [column, row])
    sketch.output(sketch.gemm(sketch.node("Flatten", [outer]), 16, 2))
    let first = try #require(try pinned(sketch)["first"])
    #expect(first.reasons.map(\.kind) == [.ownTie] && first.reasons[0].text.contains("tied to themselves"))
  }

  @Test func layersBehindAnUnknownOperatorAreListed() throws {
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 4, name: "first")
    let odd = sketch.node("Mystery", [hidden], name: "odd", domain: "org.example")
    sketch.output(sketch.gemm(sketch.relu(sketch.gemm(odd, 4, 5, name: "second")), 5, 2, name: "third"))
    let found = try pinned(sketch)
    #expect(found["first"]?.reasons.map(\.kind) == [.unknownOperator])
    for name in ["second", "third"] {
      let entry = try #require(found[name])
      #expect(entry.units == nil && entry.reasons.map(\.kind) == [.unknownShape] && entry.reasons[0].name == "odd")
    }
  }

  /// Layers with integer weights, and those of operators that are not known, are listed too.
  @Test func quantisedLayersAreListed() throws {
    var sketch = GraphSketch()
    let input = sketch.input(DeclaredType(.int8, [.known(2), .known(3)]))
    let weight = sketch.constant(Tensor(shape: [3, 4], [Int8](repeating: 1, count: 12)))
    let product = sketch.node("MatMulInteger", [input, weight], name: "whole")
    let last = sketch.node("QLinearThing_MatMul", [product, weight], name: "odd", domain: "org.example")
    sketch.output(last)
    let types = [input: TensorType(.int8, [2, 3])]
    let pinned = try CoupledSketch(sketch.graph, inputs: types).coupled.pinned
    #expect(pinned.map(\.madeBy) == [["whole"], ["odd"]])
    #expect(pinned.first?.reasons.map(\.kind) == [.weights, .operator, .unknownOperator] && pinned.first?.units == 4)
    #expect(pinned.last?.reasons.map(\.kind) == [.unknownOperator])
  }

  /// Taps of a kernel are no units, where no result shows what the layer makes.
  @Test func tapsAreNoUnits() throws {
    var sketch = GraphSketch()
    let (x, w) = (sketch.input([2, 4, 4]), sketch.weight([5, 2, 3, 3]))
    let maps = sketch.node(
      "FusedConv", [x, w], name: "first", domain: "com.microsoft",
      ["activation": .string(Array("Relu".utf8)), "pads": .ints([1, 1, 1, 1])])
    sketch.output(sketch.conv(maps, 5, 2, name: "second"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.count) == [5] && coupled.pinned.map(\.madeBy) == [["second"]])
  }

  @Test func weightsOfAnotherTypeAreTheReason() throws {
    var sketch = GraphSketch()
    let input = sketch.input(DeclaredType(.float64, [.known(2), .known(3)]))
    let weight = sketch.constant(Tensor(shape: [3, 2], [Double](repeating: 1, count: 6)))
    sketch.output(sketch.node("MatMul", [input, weight], name: "wide"))
    let graph = sketch.graph
    let types = [input: TensorType(.float64, [2, 3])]
    let entry = try #require(try CoupledSketch(graph, inputs: types).coupled.pinned.first)
    #expect(entry.reasons.map(\.kind) == [.weights, .graphOutput] && entry.reasons[0].text.contains("float64"))
  }

  /// Weights of each head, which no MatMul with one weight stands for.
  @Test func einsumsAreListed() throws {
    var sketch = GraphSketch()
    let equation: [String: Attribute.Value] = ["equation": .string(Array("bhd,hde->bhe".utf8))]
    let hidden = sketch.node("Einsum", [sketch.input([2, 3]), sketch.weight([2, 3, 5])], name: "first", equation)
    sketch.output(sketch.node("Einsum", [sketch.relu(hidden), sketch.weight([2, 5, 4])], name: "second", equation))
    let first = try #require(try pinned(sketch)["first"])
    #expect(first.units == 5 && first.reasons.map(\.kind) == [.weights, .operator])
    #expect(first.reasons.last?.text == "Einsum 'second' needs all of them")
  }

  /// A body reads the units of one layer and holds another.
  @Test func subgraphsAreNamed() throws {
    var inner = GraphSketch()
    let weight = inner.weight([4, 4])
    let outside = inner.input([4], name: "h")
    inner.output(inner.node("MatMul", [outside, weight], name: "within"))
    var body = inner.graph
    body.inputs = []
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 4, name: "first")
    let condition = sketch.constant(Tensor(shape: [], [true]))
    let name = sketch.graph[hidden].name
    let result = sketch.node(
      "If", [condition], name: "branch", shape: [4],
      ["then_branch": .graphs([body], captures: [name]), "else_branch": .graphs([], captures: [name])])
    sketch.output(sketch.gemm(result, 4, 2, name: "second"))
    let found = try pinned(sketch)
    #expect(found["first"]?.reasons.map(\.text) == ["If 'branch' reads them in a subgraph"])
    #expect(found["within"]?.reasons.map(\.text) == ["If 'branch' runs them in a subgraph"])
  }

  /// Every layer of a random graph makes units of a group or is listed with a reason.
  @Test(arguments: 1...40) func everyLayerIsNamed(seed: Int) throws {
    let graph = RandomGraph(seed: UInt64(seed)).graph
    let coupled = try CoupledSketch(graph).coupled
    let named = Set(coupled.groups.flatMap(\.producers).map(graph.label) + coupled.pinned.flatMap(\.madeBy))
    for node in coupled.sites.map(\.node) {
      #expect(named.contains(graph.label(node)), "seed \(seed): \(graph[node].place)")
    }
    for entry in coupled.pinned {
      #expect(!entry.reasons.isEmpty && !entry.madeBy.isEmpty && entry.units ?? 1 <= entry.of ?? 1, "seed \(seed)")
    }
  }

  @Test func tablesOfEmbeddingsAreListed() throws {
    var sketch = GraphSketch()
    let ids = sketch.constant(Tensor(shape: [2], [Int64(0), 3]))
    let rows = sketch.node("Gather", [sketch.weight([5, 4]), ids], name: "words")
    let sum = sketch.node("Add", [sketch.gemm(sketch.fixedInput([2, 3]), 3, 4, name: "first"), rows])
    sketch.output(sketch.node("LayerNormalization", [sum, sketch.weight([4])], name: "norm"))
    let entry = try #require(try CoupledSketch(sketch.graph).coupled.pinned.first)
    #expect(Set(entry.madeBy) == ["first", "words"] && entry.reasons.map(\.name) == ["norm"])
  }
}
