import ShrinkGraph
import ShrinkMath
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct PreparedTests {
  /// What the readers of a compensated network deliver is the least-squares fit, so no output weight does better.
  @Test func compensationIsTheBestFitOnTheSamples() throws {
    let sketch = try PreparedSketch.dense(seed: 1)
    let removal = sketch.removal([0, 3, 4, 7, 9])
    let small = sketch.prepared.compensated(removal)
    try small.check()
    let original = try sketch.samples.outputs(sketch.prepared.graph)[0].doubles
    let own = relativeError(original, try sketch.samples.outputs(small)[0].doubles)
    let cut = relativeError(original, try sketch.samples.outputs(sketch.prepared.rewrite.apply(removal))[0].doubles)
    #expect(own < 0.7 * cut && own > 1e-6)
    let site = try #require(sketch.prepared.rewrite.cut(sketch.prepared.coupled.sites[1], removal, in: small))
    var rng = SplitMix64(seed: 2)
    for _ in 0..<20 {
      var matrix = site.matrix(in: small)
      let (i, j) = (Int.random(in: 0..<matrix.rows, using: &rng), Int.random(in: 0..<4, using: &rng))
      matrix[i, j] += Bool.random(using: &rng) ? 0.05 : -0.05
      var other = small
      site.write(matrix, to: &other)
      #expect(relativeError(original, try sketch.samples.outputs(other)[0].doubles) > own)
    }
  }

  @Test func removingNothingChangesNothing() throws {
    let sketch = try PreparedSketch.dense(seed: 2)
    let same = sketch.prepared.compensated(sketch.removal([]))
    #expect(zip(same.values, sketch.prepared.graph.values).allSatisfy { $0.constant == $1.constant })
  }

  /// Norms of the weights that make each unit, summed over the branches of a sum.
  @Test func incomingWeightsAreNorms() throws {
    var sketch = GraphSketch(seed: 3)
    let x = sketch.input([3])
    let weights = [sketch.weight([3, 4]), sketch.weight([3, 4])]
    let sum = sketch.node("Add", [sketch.node("Gemm", [x, weights[0]]), sketch.node("Gemm", [x, weights[1]])])
    sketch.output(sketch.gemm(sum, 4, 2))
    let problem = try PreparedSketch(sketch.graph, count: 20, seed: 4).prepared.problem(0)
    #expect(problem.count == 4 && problem.readers.count == 1)
    for unit in 0..<4 {
      let squares = weights.flatMap { w in
        (0..<3).map { sketch.graph[w].constant?.doubles[$0 * 4 + unit] ?? 0 }
      }
      #expect(abs(problem.incoming[unit] - squares.reduce(0) { $0 + $1 * $1 }.squareRoot()) < 1e-9)
    }
  }

  @Test func planListsWhatStays() throws {
    let sketch = try PreparedSketch.dense(seed: 5)
    let plan = Plan(sketch.prepared.coupled.groups, sketch.removal([0, 11, 5]))
    #expect(plan.entries.map(\.group) == ["hidden"] && plan.entries.map(\.units) == [12])
    #expect(plan.entries[0].kept == [1, 2, 3, 4, 6, 7, 8, 9, 10])
  }
}
