import ShrinkGraph
import ShrinkMath
import Testing

@testable import ShrinkReduce

@Suite struct MomentsTests {
  private static func random(_ count: Int, seed: UInt64) -> [Float] {
    var rng = SplitMix64(seed: seed)
    return (0..<count).map { _ in Float.random(in: -2...3, using: &rng) }
  }

  private static func added(_ x: [Float], _ y: [Float], _ columns: Int, _ outputs: Int) -> Moments {
    var moments = Moments(columns: columns, outputs: outputs)
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in moments.add(rows: x, targets: y, count: x.count / columns) }
    }
    moments.finish()
    return moments
  }

  /// Every sum by plain loops.
  private static func check(_ m: Moments, _ x: [Float], _ y: [Float], _ d: Int, _ k: Int) {
    let rows = x.count / d
    func sum(_ term: (Int) -> Double) -> Double { (0..<rows).reduce(0) { $0 + term($1) } }
    let close = { (a: Double, b: Double) in abs(a - b) <= 1e-9 * max(1, abs(b)) }
    #expect(m.rows == rows && m.columns == d && m.outputs == k)
    for i in 0..<d {
      #expect(close(m.sum[i], sum { Double(x[$0 * d + i]) }))
      for j in 0..<d { #expect(close(m.gram[i, j], sum { Double(x[$0 * d + i]) * Double(x[$0 * d + j]) })) }
      for j in 0..<k { #expect(close(m.cross[i, j], sum { Double(x[$0 * d + i]) * Double(y[$0 * k + j]) })) }
    }
    for j in 0..<k {
      #expect(close(m.targetSum[j], sum { Double(y[$0 * k + j]) }))
      #expect(close(m.targetEnergy[j], sum { Double(y[$0 * k + j]) * Double(y[$0 * k + j]) }))
    }
  }

  @Test(arguments: [(1, 1, 1), (5, 3, 7), (17, 2, 40)]) func sumsAreThoseOfPlainLoops(d: Int, k: Int, rows: Int) {
    let (x, y) = (Self.random(rows * d, seed: 1), Self.random(rows * k, seed: 2))
    Self.check(Self.added(x, y, d, k), x, y, d, k)
  }

  @Test func shardsMergeToTheWhole() {
    let (x, y) = (Self.random(60 * 4, seed: 3), Self.random(60 * 2, seed: 4))
    var merged = Self.added(Array(x[..<100]), Array(y[..<50]), 4, 2)
    merged.merge(Self.added(Array(x[100...]), Array(y[50...]), 4, 2))
    Self.check(merged, x, y, 4, 2)
  }

  @Test func batchesAddUp() {
    let (x, y) = (Self.random(30 * 3, seed: 5), Self.random(30, seed: 6))
    var moments = Moments(columns: 3, outputs: 1)
    for batch in 0..<3 {
      Array(x[batch * 30..<batch * 30 + 30]).withUnsafeBufferPointer { x in
        Array(y[batch * 10..<batch * 10 + 10]).withUnsafeBufferPointer { moments.add(rows: x, targets: $0, count: 10) }
      }
    }
    moments.finish()
    Self.check(moments, x, y, 3, 1)
  }

  @Test func augmentedMomentsAreThoseOfRowsWithAOneBehind() {
    let (x, y) = (Self.random(20 * 3, seed: 7), Self.random(20 * 2, seed: 8))
    let moments = Self.added(x, y, 3, 2)
    var rows: [Float] = []
    for r in 0..<20 { rows += x[r * 3..<r * 3 + 3] + [1] }
    let long = Self.added(rows, y, 4, 2)
    #expect((moments.augmentedGram - long.gram).frobeniusNorm < 1e-9)
    #expect((moments.augmentedCross - long.cross).frobeniusNorm < 1e-9)
  }

  @Test func selectingKeepsTheGivenColumns() {
    let (x, y) = (Self.random(20 * 5, seed: 9), Self.random(20 * 2, seed: 10))
    let kept = [4, 0, 2]
    let few = (0..<20).flatMap { r in kept.map { x[r * 5 + $0] } }
    Self.check(Self.added(x, y, 5, 2).selecting(kept), few, y, 3, 2)
  }
}
