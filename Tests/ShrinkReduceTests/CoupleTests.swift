import ShrinkGraph
import ShrinkOps
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct CoupleTests {
  @Test func hiddenLayerOfAChainIsOneGroup() throws {
    var sketch = GraphSketch()
    let hidden = sketch.relu(sketch.gemm(sketch.input([3]), 3, 5, name: "first"))
    sketch.output(sketch.gemm(hidden, 5, 2, name: "second"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.sites.count == 2)
    let group = try #require(coupled.groups.first)
    #expect(coupled.groups.count == 1 && group.name == "first" && group.count == 5)
    #expect(group.producers == [NodeID(0)] && group.readers == [1] && group.between == [NodeID(1)])
    #expect(coupled.sites[1].units == (0..<5).map { [UnitRef(group: 0, unit: $0)] })
    #expect(coupled.sites[0].units == [[], [], []])
    #expect(coupled.sites.allSatisfy { $0.bias == .operand(2) && $0.hasBias })
    let last = try #require(coupled.pinned.first)
    #expect(coupled.pinned.count == 1 && last.madeBy == ["second"] && last.units == 2 && last.kind == "outputs")
    #expect(last.reasons.map(\.kind) == [.graphOutput])
  }

  @Test func additionTiesItsBranches() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let (a, b) = (sketch.gemm(x, 3, 4, name: "a"), sketch.gemm(x, 3, 4, name: "b"))
    sketch.output(sketch.gemm(sketch.node("Add", [a, b]), 4, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.count == 1)
    #expect(coupled.groups.first?.producers == [NodeID(0), NodeID(1)])
  }

  @Test func concatenationKeepsItsPartsApart() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let (a, b) = (sketch.gemm(x, 3, 2), sketch.gemm(x, 3, 4))
    sketch.output(sketch.gemm(sketch.node("Concat", [a, b], ["axis": .int(1)]), 6, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.count) == [2, 4])
    #expect(
      coupled.sites[2].units == [0, 1].map { [UnitRef(group: 0, unit: $0)] }
        + (0..<4).map { [UnitRef(group: 1, unit: $0)] }
    )
  }

  /// A layer whose units something needs all of; what its reason must name.
  private static let pinning: [(String, @Sendable (inout GraphSketch, ValueID) -> ValueID)] = [
    ("Softmax", { $0.node("Softmax", [$1], name: "soft", ["axis": .int(1)]) }),
    ("Mystery", { $0.node("Mystery", [$1], name: "odd", domain: "org.example") }),
    (
      "graph output",
      { sketch, x in
        sketch.output(x)
        return x
      }
    ),
  ]

  @Test(arguments: pinning.indices) func whatNeedsEveryUnitPinsIt(position: Int) throws {
    let (name, make) = Self.pinning[position]
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([3]), 3, 5, name: "first")
    let passed = make(&sketch, hidden)
    sketch.output(sketch.gemm(passed, 5, 2, name: "second"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.isEmpty)
    let first = try #require(coupled.pinned.first { $0.madeBy == ["first"] })
    #expect(first.units == 5 && first.reasons.contains { $0.by.contains(name) }, "\(first.reasons)")
  }

  /// Two layers whose units are read with one weight: a unit goes from both, and the weight is one site.
  @Test func weightOfTwoReadersIsOneSite() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let (a, b) = (sketch.gemm(x, 3, 5), sketch.gemm(x, 3, 5))
    let shared = sketch.weight([5, 2])
    let readers = [a, b].map { sketch.node("Gemm", [$0, shared]) }
    for reader in readers { sketch.output(reader) }
    let coupled = try CoupledSketch(sketch.graph).coupled
    let group = try #require(coupled.groups.first)
    #expect(coupled.groups.count == 1 && group.count == 5 && group.producers == [NodeID(0), NodeID(1)])
    let site = try #require(coupled.sites.first { $0.weight == shared })
    #expect(coupled.sites.count == 3 && site.applications == [NodeID(2), NodeID(3)] && !site.isSingle)
    #expect(coupled.readingNodes(of: group) == [NodeID(2), NodeID(3)])
    #expect(site.bias == .none, "a constant term of one application would not be that of the other")
  }

  /// A weight that is applied in two ways cannot be fitted: nothing that only it reads goes.
  @Test func weightThatIsReadInTwoWaysAbsorbsNothing() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let shared = sketch.weight([5, 5])
    sketch.output(sketch.node("Gemm", [sketch.gemm(x, 3, 5), shared]))
    sketch.output(sketch.node("Gemm", [sketch.gemm(x, 3, 5), shared], ["transB": .int(1)]))
    #expect(try CoupledSketch(sketch.graph).coupled.groups.isEmpty)
  }

  @Test func placesOfTheConstantTerm() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let product = sketch.node("MatMul", [x, sketch.weight([3, 4])])
    let sum = sketch.node("Add", [sketch.weight([4], name: "b"), product])
    let bare = sketch.gemm(sum, 4, 5, hasBias: false)
    let last = sketch.node("MatMul", [bare, sketch.weight([5, 2])])
    sketch.output(last)
    let sites = try CoupledSketch(sketch.graph).coupled.sites
    #expect(sites.map(\.bias) == [.add(NodeID(1), slot: 0), .absent(2), .none])
    #expect(sites.map(\.hasBias) == [true, true, false])
  }

  @Test func singleUnitsStay() throws {
    var sketch = GraphSketch()
    sketch.output(sketch.gemm(sketch.gemm(sketch.input([3]), 3, 1, name: "first"), 1, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.isEmpty)
    #expect(coupled.pinned.first { $0.madeBy == ["first"] }?.reasons.map(\.kind) == [.single])
  }

  /// A product of two activations over flat pictures sums over channels and places alike: both are of the pair.
  @Test func productOverSeveralFactorsCountsUnitsOfEach() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 3])
    let maps = (0..<2).map { _ in sketch.node("Flatten", [sketch.relu(sketch.conv(x, 2, 4))]) }
    let turned = sketch.node("Transpose", [maps[1]], ["perm": .ints([1, 0])])
    let scores = sketch.node("MatMul", [maps[0], turned])
    sketch.output(scores)
    sketch.output(sketch.gemm(maps[0], 36, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    let group = try #require(coupled.groups.first)
    #expect(coupled.groups.count == 1 && group.count == 4)
    #expect(group.pairs == [0] && group.readers.count == 1)
    #expect(coupled.pairs[0].units == (0..<36).map { [UnitRef(group: 0, unit: $0 / 9)] })
  }

  /// What a convolution with computed filters misses cannot be summed up as products of matrices: its channels stay.
  @Test func computedFiltersHoldTheirChannels() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2, 3, 3])
    let maps = sketch.relu(sketch.conv(x, 2, 4, name: "maps"))
    let filters = sketch.node("Relu", [sketch.weight([3, 4, 1, 1])])
    sketch.output(sketch.node("Conv", [maps, filters], name: "odd"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.isEmpty && coupled.pairs.isEmpty)
    let held = try #require(coupled.pinned.first { $0.madeBy.contains { $0.contains("maps") } })
    #expect(held.reasons.contains { $0.text.contains("odd") })
  }

  /// A graph in an attribute holds what it reads; the layers in front of it and behind it shrink.
  @Test func subgraphsHoldWhatTheyReadAndNothingMore() throws {
    var sketch = GraphSketch()
    var x = sketch.relu(sketch.gemm(sketch.input([3]), 3, 5, name: "first"))
    x = sketch.gemm(x, 5, 4, name: "read")
    var body = Graph(name: "body")
    let (outer, y) = (body.addValue(named: sketch.graph[x].name), body.addValue(named: "inner"))
    body.nodes = [Node("Relu", inputs: [outer], outputs: [y])]
    body.outputs = [y]
    let captures = [sketch.graph[x].name]
    let chosen = sketch.node(
      "If", [sketch.constant(Tensor(true))], name: "choice",
      ["then_branch": .graphs([body], captures: captures), "else_branch": .graphs([body], captures: captures)])
    let behind = sketch.relu(sketch.gemm(chosen, 4, 6, name: "behind"))
    sketch.output(sketch.gemm(behind, 6, 2, name: "last"))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.name) == ["first", "behind"] && coupled.groups.map(\.count) == [5, 6])
    let held = try #require(coupled.pinned.first { $0.madeBy.contains { $0.contains("read") } })
    #expect(held.reasons.contains { $0.text.contains("choice") })
  }
}
