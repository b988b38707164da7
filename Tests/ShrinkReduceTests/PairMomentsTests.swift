import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct PairMomentsTests {
  /// What products of random matrices miss without some units is what the squares say.
  @Test(arguments: 0..<10 as Range<UInt64>) func squaresSayWhatProductsMiss(seed: UInt64) {
    var rng = SplitMix64(seed: seed)
    let (rows, columns, units) = (5, 4, [0, 1, 2, -1, 0, 2])
    func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &rng) } }
    let (a, b) = (random(rows * units.count), random(units.count * columns))
    var moments = PairMoments(group: 0, pair: 0, units: 3)
    moments.add(
      a, rows: rows, steps: (units.count, 1), b, columns: columns, stepsB: (columns, 1), units: units)
    for removed in [[0], [1], [0, 2], [0, 1, 2]] as [Set<Int>] {
      var missed = 0.0
      for r in 0..<rows {
        for c in 0..<columns {
          let sum = units.indices.filter { removed.contains(units[$0]) }.reduce(0.0) {
            $0 + Double(a[r * units.count + $1]) * Double(b[$1 * columns + c])
          }
          missed += sum * sum
        }
      }
      let said = removed.reduce(0.0) { total, u in total + removed.reduce(0.0) { $0 + moments.squares[u, $1] } }
      #expect(abs(said - missed) < 1e-4 * max(1, missed), "seed \(seed): \(removed)")
      if removed.count == 3 { #expect(abs(moments.energy - missed) < 1e-4 * max(1, missed)) }
    }
  }

  /// A transposed operand is read by its steps.
  @Test func stepsReadTransposedOperands() {
    let (a, b): ([Float], [Float]) = ([1, 2, 3, 4], [5, 6, 7, 8])
    var (plain, turned) = (PairMoments(group: 0, pair: 0, units: 2), PairMoments(group: 0, pair: 0, units: 2))
    plain.add(a, rows: 2, steps: (2, 1), b, columns: 2, stepsB: (2, 1), units: [0, 1])
    turned.add([1, 3, 2, 4], rows: 2, steps: (1, 2), [5, 7, 6, 8], columns: 2, stepsB: (1, 2), units: [0, 1])
    #expect(plain.squares.values == turned.squares.values)
    // (1² + 3²) (5² + 6²), (1·2 + 3·4) (5·7 + 6·8), (2² + 4²) (7² + 8²)
    #expect(plain.squares.values == [10 * 61, 14 * 83, 14 * 83, 20 * 113].map(Double.init))
  }

  /// Calibration sums over samples and heads what the scores of an attention miss without places of the width.
  @Test func calibrationSumsOverSamplesAndHeads() throws {
    let (heads, width, count) = (2, 3, 4)
    var sketch = GraphSketch(seed: 5)
    let x = sketch.input([count, 4])
    func headed(_ x: ValueID) -> ValueID {
      let target = sketch.constant(Tensor(shape: [4], [0, 0, Int64(heads), Int64(width)]))
      let parts = sketch.node("Reshape", [sketch.node("MatMul", [x, sketch.weight([4, heads * width])]), target])
      return sketch.node("Transpose", [parts], ["perm": .ints([0, 2, 1, 3])])
    }
    let (q, k, v) = (headed(x), headed(x), headed(x))
    let turned = sketch.node("Transpose", [k], ["perm": .ints([0, 1, 3, 2])])
    let scores = sketch.node("MatMul", [q, turned])
    let mixed = sketch.node("MatMul", [sketch.node("Softmax", [scores], ["axis": .int(-1)]), v])
    let back = sketch.node("Transpose", [mixed], ["perm": .ints([0, 2, 1, 3])])
    let flat = sketch.node("Reshape", [back, sketch.constant(Tensor(shape: [3], [0, 0, Int64(heads * width)]))])
    sketch.output(sketch.node("MatMul", [flat, sketch.weight([heads * width, 2])]))
    let prepared = try PreparedSketch(sketch.graph, count: 20, seed: 1)
    let moments = try #require(prepared.prepared.pairMoments.first)
    #expect(prepared.prepared.pairMoments.count == 1)
    #expect(prepared.prepared.coupled.groups[moments.group].kind == .queryKeyWidth)
    let values = try prepared.samples.value(scores, of: sketch.graph)?.elements(Float.self) ?? []
    let energy = values.reduce(0.0) { $0 + Double($1) * Double($1) }
    #expect(energy > 0 && abs(moments.energy - energy) < 1e-4 * energy)
  }
}
