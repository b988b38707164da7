import ShrinkGraph
import ShrinkMath
import ShrinkRun
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct ExactStageTests {
  /// Gemm 12 - Relu - Gemm 4 whose units are multiples of 6 others, twice each.
  private static func planted(seed: UInt64) throws -> PreparedSketch {
    var sketch = GraphSketch(seed: seed)
    let x = sketch.input([6])
    var (weights, constants) = ([Float](), [Float]())
    let own = (0..<7 * 6).map { _ in Float.random(in: -1...1, using: &sketch.rng) }
    let scales = (0..<6).map { _ in Float.random(in: 0.5...2, using: &sketch.rng) }
    for r in 0..<7 {
      let row = Array(own[r * 6..<r * 6 + 6])
      let both = row + zip(row, scales).map { $0 * $1 }
      if r < 6 { weights += both } else { constants += both }
    }
    let w = sketch.constant(Tensor(shape: [6, 12], weights))
    let hidden = sketch.relu(sketch.node("Gemm", [x, w, sketch.constant(Tensor(shape: [12], constants), name: "b")]))
    sketch.output(sketch.gemm(hidden, 12, 4))
    return try PreparedSketch(sketch.graph, count: 400, seed: seed, lossless: true)
  }

  @Test(arguments: 0..<6 as Range<UInt64>) func multiplesGoAndTheFunctionStays(seed: UInt64) throws {
    let sketch = try Self.planted(seed: seed)
    let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(allowed: [true])
    #expect(result.removal.width(0) == 6, "seed \(seed): \(result.removal.removed)")
    for unit in 0..<6 {
      #expect(
        result.removal.removed[0][unit] != result.removal.removed[0][unit + 6], "seed \(seed): one of each pair goes")
    }
    try result.graph.check()
    // Samples that no statistic has seen.
    let fresh = SampleSketch(sketch.prepared.graph, count: 200, seed: seed &+ 1_000)
    let (a, b) = (try fresh.outputs(sketch.prepared.graph)[0].doubles, try fresh.outputs(result.graph)[0].doubles)
    #expect(relativeError(a, b) < 1e-5)
  }

  /// Channels of which some are copies: with alignment the rest fills blocks of four, and the function stays either way.
  @Test(arguments: [(3, 16), (5, 12), (8, 8)]) func copiesStayWhereTheyFillABlock(copies: Int, width: Int) throws {
    var sketch = GraphSketch(seed: 5)
    let own = (0..<(16 - copies) * 18).map { _ in Float.random(in: -1...1, using: &sketch.rng) }
    let w = sketch.constant(Tensor(shape: [16, 2, 3, 3], own + own.prefix(copies * 18)))
    let x = sketch.input([2, 6, 6])
    let hidden = sketch.relu(sketch.node("Conv", [x, w], ["pads": .ints([1, 1, 1, 1])]))
    sketch.output(sketch.conv(hidden, 16, 3))
    let prepared = try PreparedSketch(sketch.graph, count: 200, seed: 6, lossless: true).prepared
    for (aligned, expected) in [(false, 16 - copies), (true, width)] {
      let result = ExactStage(prepared, tolerance: 3e-10, aligned: aligned).run(allowed: [true])
      #expect(result.removal.width(0) == expected, "aligned: \(aligned)")
      let fresh = SampleSketch(prepared.graph, count: 50, seed: 7)
      let (a, b) = (try fresh.outputs(prepared.graph)[0].doubles, try fresh.outputs(result.graph)[0].doubles)
      #expect(relativeError(a, b) < 1e-5)
    }
  }

  @Test func groupsThatMayNotShrinkStay() throws {
    let sketch = try Self.planted(seed: 9)
    let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(allowed: [false])
    #expect(result.removal == Removal(sketch.prepared.coupled.groups))
    #expect(zip(result.graph.values, sketch.prepared.graph.values).allSatisfy { $0.constant == $1.constant })
  }

  @Test(arguments: 0..<4 as Range<UInt64>) func independentUnitsStay(seed: UInt64) throws {
    let sketch = try PreparedSketch.dense(seed: seed, lossless: true)
    let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(allowed: [true])
    #expect(result.removal.width(0) == 12, "seed \(seed): \(result.removal.removed)")
  }

  /// Maps of two sizes, joined: units of the smaller maps are alive although no sum over blocks shows them.
  @Test func unitsOfSmallerMapsStay() throws {
    var sketch = GraphSketch(seed: 3)
    let x = sketch.input([2, 4, 4])
    let large = sketch.node("Flatten", [sketch.relu(sketch.conv(x, 2, 3))])
    let pooled = sketch.node("GlobalAveragePool", [sketch.relu(sketch.conv(x, 2, 5))])
    let joined = sketch.node("Concat", [large, sketch.node("Flatten", [pooled])], ["axis": .int(1)])
    sketch.output(sketch.gemm(joined, 3 * 16 + 5, 2))
    let prepared = try PreparedSketch(sketch.graph, count: 400, seed: 4, lossless: true)
    try #require(prepared.prepared.coupled.groups.map(\.count) == [3, 5])
    let result = ExactStage(prepared.prepared, tolerance: 3e-10).run(allowed: [true, true])
    #expect(result.removal == Removal(prepared.prepared.coupled.groups))
    // Nor does a budget cut them for nothing: few rows and many.
    for count in [20, 400] {
      let work = try PreparedSketch(sketch.graph, count: count, seed: 5).prepared
      // Twenty rows explain 53 columns up to the ridge.
      let least = count == 20 ? 1e-10 : 1e-6
      for g in 0..<2 { #expect(BackwardElimination().path(work.problem(g)).error[1] > least) }
      var removal = Removal(work.coupled.groups)
      removal.removed[1][2] = true
      removal.removed[0][0] = true
      #expect(try SampleSketch(work.graph, count: 3, seed: 6).outputs(work.compensated(removal))[0].shape == [3, 2])
    }
  }

  /// Conv 4 - Relu - grouped Conv 4 of two groups - Relu - Conv 2, where the second group makes twice what the first does
  /// out of a channel that both have; beside it each reads one of its own, with a weight of 0 or not.
  private static func grouped(isTwice: Bool, seed: UInt64, hasOtherReader: Bool = false) throws -> PreparedSketch {
    var sketch = GraphSketch(seed: seed)
    let rows = (0..<4).map { _ in (0..<3).map { _ in Float.random(in: -1...1, using: &sketch.rng) } }
    let made = [rows[0], rows[1], rows[0], rows[3]]
    let first = sketch.constant(Tensor(shape: [4, 2, 1, 1], made.flatMap { $0.prefix(2) }))
    let constants = sketch.constant(Tensor(shape: [4], made.map { $0[2] }), name: "b")
    let maps = sketch.relu(sketch.node("Conv", [sketch.input([2, 3, 3]), first, constants]))
    let own: Float = isTwice ? 0 : 0.5
    let weight = sketch.constant(Tensor(shape: [4, 2, 1, 1], [1, 0, -0.5, 0, 2, own, -1, own]))
    let bias = sketch.constant(Tensor(shape: [4], [0.1, 0.4, 0.2, 0.8] as [Float]), name: "b")
    let deep = sketch.relu(sketch.node("Conv", [maps, weight, bias], ["group": .int(2)]))
    sketch.output(sketch.conv(deep, 4, 2, kernel: 1))
    if hasOtherReader { sketch.output(sketch.conv(maps, 4, 2, kernel: 1)) }
    return try PreparedSketch(sketch.graph, count: 300, seed: seed, lossless: true)
  }

  /// What a group of a grouped convolution reads goes with it, so whether that depends on anything does not matter.
  @Test(arguments: 0..<3 as Range<UInt64>) func dependentGroupsGoWithWhatTheyRead(seed: UInt64) throws {
    let sketch = try Self.grouped(isTwice: true, seed: seed)
    let groups = sketch.prepared.coupled.groups
    let blocks = try #require(groups.firstIndex { $0.kind == .blocks(2) })
    let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(allowed: groups.indices.map { $0 == blocks })
    #expect(result.removal.width(blocks) == 1, "seed \(seed)")
    let fresh = SampleSketch(sketch.prepared.graph, count: 50, seed: seed &+ 1_000)
    let (a, b) = (try fresh.outputs(sketch.prepared.graph)[0].doubles, try fresh.outputs(result.graph)[0].doubles)
    #expect(relativeError(a, b) < 1e-5)
  }

  /// Groups that are needed stay: behind the grouped convolution, or by another layer that reads what they read.
  @Test(arguments: 0..<3 as Range<UInt64>) func groupsThatAreNeededStay(seed: UInt64) throws {
    for (isTwice, hasOtherReader) in [(false, false), (true, true)] {
      let sketch = try Self.grouped(isTwice: isTwice, seed: seed, hasOtherReader: hasOtherReader)
      let groups = sketch.prepared.coupled.groups
      let blocks = try #require(groups.firstIndex { $0.kind == .blocks(2) })
      let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(allowed: groups.indices.map { $0 == blocks })
      #expect(result.removal.width(blocks) == 2, "seed \(seed), twice \(isTwice)")
    }
  }

  /// A product with itself over channels and places needs units that the other reader could do without.
  @Test(arguments: 0..<2 as Range<UInt64>) func unitsOfProductsOverFlatPicturesStay(seed: UInt64) throws {
    var sketch = GraphSketch(seed: seed)
    let row = [0.6, -0.8] as [Float]
    let weight = sketch.constant(Tensor(shape: [3, 2, 1, 1], row + row.map { 2 * $0 } + [0.3, 0.9]))
    let maps = sketch.node(
      "Conv", [sketch.input([2, 3, 3]), weight, sketch.constant(Tensor(shape: [3], [0, 0, 0.1] as [Float]))])
    let flat = sketch.node("Flatten", [sketch.relu(maps)])
    sketch.output(sketch.node("MatMul", [flat, sketch.node("Transpose", [flat], ["perm": .ints([1, 0])])]))
    sketch.output(sketch.gemm(flat, 27, 2))
    let prepared = try PreparedSketch(sketch.graph, count: 200, seed: seed, lossless: true)
    let result = ExactStage(prepared.prepared, tolerance: 3e-10).run(allowed: [true])
    #expect(prepared.prepared.coupled.groups.map(\.count) == [3] && result.removal.width(0) == 3)
  }
}
