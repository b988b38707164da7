import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct SeldomUnitsTests {
  /// Gemm - Relu - Gemm over inputs from -1 to 1; `columns`: what makes each unit, the constant last.
  private static func prepared(_ columns: [[Float]]) throws -> Prepared {
    var sketch = GraphSketch(seed: 1)
    let (d, n) = (columns[0].count - 1, columns.count)
    let x = sketch.input([d])
    let weights = (0..<d).flatMap { i in columns.map { $0[i] } }
    let w = sketch.constant(Tensor(shape: [d, n], weights))
    let b = sketch.constant(Tensor(shape: [n], columns.map { $0[d] }), name: "b")
    sketch.output(sketch.gemm(sketch.relu(sketch.node("Gemm", [x, w, b])), n, 2))
    return try PreparedSketch(sketch.graph, count: 2_000, seed: 2, lossless: true).prepared
  }

  @Test func unitsThatAreOftenActiveHaveNoDirection() throws {
    let prepared = try Self.prepared([[1, 0, 0], [0, 1, 0.2], [1, 1, 0]])
    #expect(SeldomUnits(group: 0, prepared, all: false).directions.isEmpty)
  }

  /// A unit that wakes at the very end of the range moves, and the one made with the same weights moves with it.
  @Test func seldomUnitMovesWithThoseMadeAlike() throws {
    let prepared = try Self.prepared([[1, 0, -0.999], [2, 0, 0], [0, 1, 0], [-1, 0, 0]])
    let directions = SeldomUnits(group: 0, prepared, all: false).directions
    #expect(directions.count == 1)
    let direction = try #require(directions.first)
    #expect(abs(direction[0] - 1) < 1e-6 && abs(direction[1] - 2) < 1e-6)
    #expect(direction[2] == 0 && direction[3] == 0)
  }

  /// Silent within the widened range: the weights prove that it stays so.
  @Test func deadUnitHasNoDirection() throws {
    let prepared = try Self.prepared([[1, 0, -5], [0, 1, 0], [0.3, 0.2, -9]])
    #expect(SeldomUnits(group: 0, prepared, all: false).directions.isEmpty)
  }

  @Test func equalSeldomUnitsShareOneDirection() throws {
    let prepared = try Self.prepared([[1, 0, -0.999], [3, 0, -2.997], [0, 1, -0.999], [0, 1, 0]])
    let directions = SeldomUnits(group: 0, prepared, all: false).directions
    #expect(directions.count == 2)
    let first = try #require(directions.first { $0[0] != 0 })
    #expect(abs(first[1] / first[0] - 3) < 1e-5 && first[2] == 0 && first[3] == 0)
    let other = try #require(directions.first { $0[2] != 0 })
    #expect(abs(other[3] / other[2] - 1) < 1e-5 && other[0] == 0 && other[1] == 0)
  }

  /// With `all`, nothing that was seen counts.
  @Test func everyLivingUnitMayMove() throws {
    let prepared = try Self.prepared([[1, 0, 0], [0, 1, 0.2], [1, 0.5, -5]])
    let directions = SeldomUnits(group: 0, prepared, all: true).directions
    #expect(Set(directions.flatMap { d in d.indices.filter { d[$0] != 0 } }) == [0, 1])
  }

  /// Two layers whose product makes the units; `gate` is a third value that is broadcast over them and added.
  private static func gated(weights: [[Float]], constants: [Float], gate: Bool) throws -> Prepared {
    var sketch = GraphSketch(seed: 3)
    let (d, n) = (weights.count, constants.count)
    let x = sketch.input([d])
    let w = sketch.constant(Tensor(shape: [d, n], weights.flatMap { $0 }))
    let b = sketch.constant(Tensor(shape: [n], constants))
    let value = sketch.node("Gemm", [x, w, b])
    var product = sketch.node("Mul", [sketch.relu(sketch.node("Gemm", [x, w, b])), value])
    if gate { product = sketch.node("Add", [product, sketch.relu(sketch.gemm(x, d, 1))]) }
    sketch.output(sketch.gemm(product, n, 2))
    return try PreparedSketch(sketch.graph, count: 2_000, seed: 4, lossless: true).prepared
  }

  /// No weights make the first unit: it is zero whatever comes, though no layer alone makes it.
  @Test func unitWithoutWeightsOfSeveralLayersHasNoDirection() throws {
    let prepared = try Self.gated(weights: [[0, 1, 0.2], [0, 0, 1]], constants: [0, 0, 0], gate: false)
    #expect(prepared.coupled.groups.contains { $0.count == 3 && !$0.producers.isEmpty })
    #expect(SeldomUnits(group: 0, prepared, all: false).directions.isEmpty)
  }

  /// Silent in all samples but not by its weights: it may wake.
  @Test func silentUnitOfSeveralLayersMoves() throws {
    let prepared = try Self.gated(weights: [[0.3, 1, 0.2], [0, 0, 1]], constants: [-9, 0, 0], gate: false)
    let directions = SeldomUnits(group: 0, prepared, all: false).directions
    #expect(directions.count == 1 && directions.first?.first == 1)
  }

  /// What is added to every unit moves also those that no weights make.
  @Test func unitWithoutWeightsMovesWithWhatComesFromBeside() throws {
    let prepared = try Self.gated(weights: [[0, 1, 0.2], [0, 0, 1]], constants: [0, 0, 0], gate: true)
    let directions = SeldomUnits(group: 0, prepared, all: true).directions
    #expect(directions.contains { $0[0] != 0 })
  }
}
