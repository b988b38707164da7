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
