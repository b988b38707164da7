import ShrinkGraph
import ShrinkTestSupport
import Synchronization
import Testing

@testable import ShrinkReduce

/// Layers without a bias get one while they are fitted, which counts as parameters.
@Suite struct OvershootTests {
  /// Gemm 24 - Relu - Gemm 16 - Relu - Gemm 4 without biases.
  private static func network(seed: UInt64) -> Graph {
    var sketch = GraphSketch(seed: seed)
    var x = sketch.relu(sketch.gemm(sketch.input([6]), 6, 24, hasBias: false, name: "first"))
    x = sketch.relu(sketch.gemm(x, 24, 16, hasBias: false, name: "second"))
    sketch.output(sketch.gemm(x, 16, 4, hasBias: false, name: "last"))
    return sketch.graph
  }

  private static func parameters(_ graph: Graph) -> Int {
    graph.values.compactMap(\.constant).filter { $0.dtype == .float32 }.reduce(0) { $0 + $1.count }
  }

  /// Whatever share is asked for is kept with the constant terms, by a second re-fit of smaller widths where the first
  /// came out too large.
  @Test func constantTermsCountAndAreMadeRoomFor() throws {
    let graph = Self.network(seed: 4)
    let before = Self.parameters(graph)
    let source = SampleSketch(graph, count: 300, seed: 4).source(batch: 50)
    var again = 0
    for percent in [80, 70, 60, 50, 40] {
      let refits = Mutex(0)
      var reducer = try Reducer(
        graph, source: source, samples: Array(0..<300),
        options: ReduceOptions(target: .keepParams(Double(percent) / 100))
      ) { (stage, share) throws(ShrinkError) in
        if stage == "re-fit", share == 1 { refits.withLock { $0 += 1 } }
      }
      let result = try reducer.reduce()
      let after = Self.parameters(result.graph)
      #expect(after == result.after.parameters, "\(percent) %")
      #expect(100 * after <= percent * before, "\(percent) %: \(after) of \(before)")
      #expect(result.graph.values.count > graph.values.count, "no layer got a constant term")
      if refits.withLock({ $0 }) > 1 { again += 1 }
    }
    #expect(again > 0, "no share was overshot at first")
  }
}
