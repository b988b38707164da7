import ShrinkGraph
import ShrinkRun
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct RefitTests {
  private static func outcome(
    _ sketch: PreparedSketch, _ removal: Removal, memory: Int = 1 << 30, final: Bool = false,
    small: Graph? = nil
  ) throws -> Refit.Outcome {
    let work = sketch.prepared
    var refit = try Refit(
      Refit.Setting(
        original: work.graph, small: small ?? work.compensated(removal), coupled: work.coupled, rewrite: work.rewrite,
        removal: removal, seed: 1, memory: memory))
    let aside = Array(sketch.count * 5 / 6..<sketch.count)
    return try refit.run(sketch.source, fit: Array(0..<sketch.count * 5 / 6), aside: aside, final: final) {
      (_: Double) throws(ShrinkError) in
    }
  }

  /// Three hidden layers and a residual sum.
  private static func deep(seed: UInt64) throws -> PreparedSketch {
    var sketch = GraphSketch(seed: seed)
    let x = sketch.relu(sketch.gemm(sketch.input([8]), 8, 16))
    let inner = sketch.relu(sketch.gemm(x, 16, 12))
    let sum = sketch.relu(sketch.node("Add", [x, sketch.gemm(inner, 12, 16)]))
    sketch.output(sketch.gemm(sum, 16, 5))
    return try PreparedSketch(sketch.graph, count: 300, seed: seed)
  }

  private static func removal(_ sketch: PreparedSketch, share: Int) -> Removal {
    var removal = Removal(sketch.prepared.coupled.groups)
    for g in removal.removed.indices {
      let order = BackwardElimination().path(sketch.prepared.problem(g)).order
      for unit in order.prefix(order.count / share) { removal.removed[g][unit] = true }
    }
    return removal
  }

  /// The distance that it reports is that of its graph from the original on the samples kept aside.
  @Test(arguments: 0..<4 as Range<UInt64>) func reportedDistanceIsMeasured(seed: UInt64) throws {
    let sketch = try Self.deep(seed: seed)
    let outcome = try Self.outcome(sketch, Self.removal(sketch, share: 2))
    try outcome.graph.check()
    let reference = try Reference(sketch.prepared.graph, source: sketch.source, samples: Array(250..<300))
    let wanted = try reference.distance(of: outcome.graph, source: sketch.source)
    #expect(wanted.relativeError > 1e-4)
    #expect(abs(outcome.distance.relativeError - wanted.relativeError) < 1e-5 * wanted.relativeError)
    #expect(outcome.distance.agreement == wanted.agreement)
  }

  /// Fitting in sequence loses less than compensating every layer by itself.
  @Test(arguments: 0..<4 as Range<UInt64>) func correctsWhatPredecessorsLost(seed: UInt64) throws {
    let sketch = try Self.deep(seed: seed)
    let removal = Self.removal(sketch, share: 2)
    let reference = try Reference(sketch.prepared.graph, source: sketch.source, samples: Array(250..<300))
    let apart = try reference.distance(of: sketch.prepared.compensated(removal), source: sketch.source)
    #expect(try Self.outcome(sketch, removal).distance.relativeError < apart.relativeError, "seed \(seed)")
  }

  /// The last layer of a chain cut in its first group: the re-fit is the least-squares solution over the samples.
  @Test func oneLayerIsFittedToTheOriginal() throws {
    let sketch = try PreparedSketch.dense(seed: 6)
    let removal = sketch.removal([1, 2, 8])
    let outcome = try Self.outcome(sketch, removal, small: sketch.prepared.rewrite.apply(removal))
    let cut = try Reference(sketch.prepared.graph, source: sketch.source, samples: Array(83..<100))
      .distance(of: sketch.prepared.rewrite.apply(removal), source: sketch.source)
    #expect(outcome.distance.relativeError < 0.5 * cut.relativeError)
  }

  /// The last branch of a sum corrects what the other one lost, beyond the best fit of its own output.
  @Test func branchCorrectsTheSum() throws {
    var sketch = GraphSketch(seed: 12)
    let x = sketch.input([6])
    let lossy = sketch.gemm(sketch.relu(sketch.gemm(x, 6, 12, name: "lossy")), 12, 4)
    let hidden = sketch.relu(sketch.gemm(x, 6, 24, name: "hidden"))
    let own = sketch.gemm(hidden, 24, 4, name: "own")
    sketch.output(sketch.node("Add", [lossy, own]))
    let prepared = try PreparedSketch(sketch.graph, count: 360, seed: 13)
    var removal = Removal(prepared.prepared.coupled.groups)
    try #require(prepared.prepared.coupled.groups.map(\.name) == ["lossy", "hidden"])
    for unit in 0..<8 { removal.removed[0][unit] = true }
    removal.removed[1][3] = true
    let outcome = try Self.outcome(prepared, removal)
    let (original, small) = (prepared.prepared.graph, outcome.graph)
    // The best fit of its own output, over the samples that the re-fit had.
    let rows = try #require(try prepared.samples.value(hidden, of: small)).doubles
    let targets = try #require(try prepared.samples.value(own, of: original)).doubles
    let long = (0..<360).map { Array(rows[$0 * 23..<$0 * 23 + 23]) + [1] }
    var gram = [[Double]](repeating: [Double](repeating: 0, count: 24), count: 24)
    var cross = [[Double]](repeating: [Double](repeating: 0, count: 4), count: 24)
    for r in 0..<300 {
      for i in 0..<24 {
        for j in 0..<24 { gram[i][j] += long[r][i] * long[r][j] }
        for j in 0..<4 { cross[i][j] += long[r][i] * targets[r * 4 + j] }
      }
    }
    for i in 0..<24 { gram[i][i] += 1e-6 }
    let fitted = solvedPlainly(gram, cross)
    let rest = try #require(try prepared.samples.value(lossy, of: small)).doubles
    var (apart, wanted) = ([Double](), [Double]())
    let sums = try prepared.samples.outputs(original)[0].doubles
    for r in 300..<360 {
      for j in 0..<4 {
        apart.append((0..<24).reduce(rest[r * 4 + j]) { $0 + long[r][$1] * fitted[$1][j] })
        wanted.append(sums[r * 4 + j])
      }
    }
    #expect(outcome.distance.relativeError < 0.8 * relativeError(wanted, apart))
  }

  @Test func nothingRemovedLeavesEveryWeight() throws {
    let sketch = try Self.deep(seed: 7)
    let outcome = try Self.outcome(sketch, Removal(sketch.prepared.coupled.groups))
    #expect(outcome.distance.relativeError == 0)
    #expect(zip(outcome.graph.values, sketch.prepared.graph.values).allSatisfy { $0.constant == $1.constant })
  }

  /// Dependent units cost nothing, also through the sum of a residual block.
  @Test func duplicatesAreAbsorbed() throws {
    var sketch = GraphSketch(seed: 8)
    let x = sketch.input([6])
    let half = (0..<24).map { _ in Float.random(in: -1...1, using: &sketch.rng) }
    var doubled: [Float] = []
    for r in 0..<6 {
      doubled += half[r * 4..<r * 4 + 4]
      doubled += half[r * 4..<r * 4 + 4].map { 2 * $0 }
    }
    let hidden = sketch.relu(sketch.node("Gemm", [x, sketch.constant(Tensor(shape: [6, 8], doubled))]))
    sketch.output(sketch.node("Add", [sketch.gemm(hidden, 8, 6), x]))
    let prepared = try PreparedSketch(sketch.graph, count: 200, seed: 9)
    try #require(prepared.prepared.coupled.groups.map(\.count) == [8], "\(prepared.prepared.coupled.pinned)")
    let outcome = try Self.outcome(prepared, prepared.removal([0, 5, 2, 7]))
    #expect(outcome.distance.relativeError < 1e-4)
  }

  /// Activations on disk instead of in memory change nothing.
  @Test func spillToDiskChangesNothing() throws {
    var sketch = GraphSketch(seed: 10)
    let maps = sketch.relu(sketch.conv(sketch.input([2, 24, 24]), 2, 6))
    let more = sketch.relu(sketch.conv(maps, 6, 5))
    sketch.output(sketch.gemm(sketch.node("Flatten", [sketch.node("GlobalAveragePool", [more])]), 5, 3))
    let prepared = try PreparedSketch(sketch.graph, count: 48, seed: 11)
    var removal = Removal(prepared.prepared.coupled.groups)
    removal.removed[0][1] = true
    removal.removed[1][0] = true
    let (large, none) = (try Self.outcome(prepared, removal), try Self.outcome(prepared, removal, memory: 0))
    #expect(large.distance.relativeError == none.distance.relativeError && large.distance.relativeError > 0)
    #expect(zip(large.graph.values, none.graph.values).allSatisfy { $0.constant == $1.constant })
  }
}
