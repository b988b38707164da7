import ShrinkGraph
import ShrinkRun
import ShrinkTestSupport

@testable import ShrinkReduce

/// A graph with statistics of its sites, as the reducer prepares it.
struct PreparedSketch {
  let prepared: Prepared
  let samples: SampleSketch
  let source: SampleSource
  let count: Int

  init(_ graph: Graph, count: Int, seed: UInt64, lossless: Bool = false, ridge: Double = 1e-6) throws {
    let sketch = try CoupledSketch(graph)
    samples = SampleSketch(graph, count: count, seed: seed)
    source = samples.source(batch: 16)
    self.count = count
    let calibration = try Calibration(
      graph, coupled: sketch.coupled, sources: [source], samples: Array(0..<count), seed: seed, lossless: lossless
    ) { (_: Double) throws(ShrinkError) in }
    let compensations = zip(sketch.coupled.sites, calibration.moments).map { site, moments in
      moments.map { Compensation(site: site, moments: $0, weights: site.matrix(in: graph), ridge: ridge) }
    }
    prepared = Prepared(
      graph: graph, types: sketch.types, coupled: sketch.coupled, rewrite: sketch.rewrite,
      cost: Cost(
        graph, types: sketch.types, groups: sketch.coupled.groups, forms: sketch.coupled.forms, samples: 2),
      compensations: compensations, ranges: calibration.ranges, pairMoments: calibration.pairs)
  }

  /// Gemm 12 - Relu - Gemm 4 over 100 samples of 6 numbers.
  static func dense(seed: UInt64, lossless: Bool = false) throws -> PreparedSketch {
    var sketch = GraphSketch(seed: seed)
    let hidden = sketch.relu(sketch.gemm(sketch.input([6]), 6, 12, name: "hidden"))
    sketch.output(sketch.gemm(hidden, 12, 4, name: "last"))
    return try PreparedSketch(sketch.graph, count: 100, seed: seed, lossless: lossless)
  }

  /// Removes some units of the first group.
  func removal(_ units: [Int]) -> Removal {
    var removal = Removal(prepared.coupled.groups)
    for unit in units { removal.removed[0][unit] = true }
    return removal
  }
}
