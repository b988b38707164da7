import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct SampleSourceTests {
  private static let numbers = SampleSource(batch: 4) { run in
    [
      "x": Tensor(shape: [run.count, 2], run.flatMap { [Float($0), Float(-$0)] }),
      "n": Tensor(shape: [1], [7 as Int64]),
    ]
  }

  @Test func runsHoldAtMostABatch() {
    #expect(Self.numbers.runs(Array(5..<15)) == [[5, 6, 7, 8], [9, 10, 11, 12], [13, 14]])
    #expect(Self.numbers.runs([]).isEmpty)
    #expect(SampleSource(batch: 0) { _ in [:] }.runs([1, 2]) == [[1], [2]])
  }

  @Test func feedsGoByName() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2], name: "x")
    let other = sketch.input([2], name: "other")
    let feeds = try Self.numbers.feeds([3, 1], of: sketch.graph)
    #expect(feeds[x]?.elements(Float.self) == [3, -3, 1, -1] && feeds[other] == nil)
  }

  /// Each sample moves along the line from the one before it, by at most `reach` outwards and half inwards.
  @Test func extrapolationMovesAlongTheLineBetweenSamples() throws {
    let far = Self.numbers.extrapolated(reach: 0.25, seed: 3)
    let run = [2, 10, 5, 100]
    let named = try far.read(run)
    #expect(named["n"]?.integers == [7])
    let x = try #require(named["x"]).elements(Float.self)
    for (i, sample) in run.enumerated() {
      let other = Float(run[(i + 3) % 4])
      let away = (x[2 * i] - Float(sample)) / (Float(sample) - other)
      #expect(away >= -0.5001 && away <= 0.2501 && away != 0)
      #expect(abs(x[2 * i + 1] + x[2 * i]) < 1e-4, "both numbers move alike")
    }
    #expect(try far.read(run)["x"] == named["x"], "the same seed moves alike")
    #expect(try Self.numbers.extrapolated(reach: 0.25, seed: 4).read(run)["x"] != named["x"])
    #expect(try far.read([5])["x"] == Self.numbers.read([5])["x"], "a sample alone stays")
  }
}
