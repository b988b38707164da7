import ShrinkGraph
import ShrinkMath

@testable import ShrinkReduce

/// Problems that every method must get right.
enum MethodProblems {
  /// A dense layer over `count` random units; units listed in `copies` are multiples of others.
  static func random(count: Int, copies: [Int: Int] = [:], outputs: Int = 5, rows: Int = 400, seed: UInt64)
    -> GroupProblem
  {
    var rng = SplitMix64(seed: seed)
    var x: [Float] = []
    for _ in 0..<rows {
      var row = (0..<count).map { _ in max(Float.random(in: -1...1, using: &rng), 0) }
      for (copy, source) in copies { row[copy] = 1.5 * row[source] }
      x += row
    }
    var moments = Moments(columns: count)
    x.withUnsafeBufferPointer { moments.add(rows: $0, count: rows) }
    moments.finish()
    let values = (0..<(count + 1) * outputs).map { _ in Double.random(in: -1...1, using: &rng) }
    let site = TestSites.dense(units: count, block: 1, outputs: outputs, hasBias: true)
    let reader = Compensation(
      site: site, moments: moments, weights: Matrix(rows: count + 1, columns: outputs, values: values), ridge: 1e-9)
    return GroupProblem(
      group: 0, count: count, readers: [reader], pairs: [],
      incoming: (0..<count).map { _ in .random(in: 0...1, using: &rng) })
  }
}
