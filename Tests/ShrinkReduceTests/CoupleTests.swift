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
}
