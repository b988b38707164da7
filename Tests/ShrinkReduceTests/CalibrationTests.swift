import ShrinkGraph
import ShrinkMath
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct CalibrationTests {
  private static func network() -> (graph: Graph, hidden: ValueID) {
    var sketch = GraphSketch(seed: 2)
    let maps = sketch.relu(sketch.conv(sketch.input([2, 3, 2]), 2, 3))
    let flat = sketch.node("Flatten", [maps])
    sketch.output(sketch.gemm(flat, 18, 4))
    return (sketch.graph, flat)
  }

  /// G = Σ x xᵀ over rows given one by one.
  private static func gram(_ rows: [[Double]]) -> Matrix {
    let d = rows[0].count
    var gram = Matrix(rows: d, columns: d)
    for row in rows { for i in 0..<d { for j in 0..<d { gram[i, j] += row[i] * row[j] } } }
    return gram
  }

  private static func calibration(_ sketch: CoupledSketch, batch: Int, lossless: Bool) throws -> Calibration {
    let samples = SampleSketch(sketch.graph, count: 30, seed: 3)
    return try Calibration(
      sketch.graph, coupled: sketch.coupled, sources: [samples.source(batch: batch)], samples: Array(0..<30), seed: 1,
      lossless: lossless
    ) { (_: Double) throws(ShrinkError) in }
  }

  @Test(arguments: [1, 7, 30]) func momentsAreThoseOfTheActivations(batch: Int) throws {
    let (graph, hidden) = Self.network()
    let sketch = try CoupledSketch(graph)
    let calibration = try Self.calibration(sketch, batch: batch, lossless: false)
    #expect(calibration.moments[0] == nil, "the first layer reads no units")
    let moments = try #require(calibration.moments[1])
    let x = try #require(try SampleSketch(graph, count: 30, seed: 3).value(hidden, of: graph)).doubles
    let rows = (0..<30).map { Array(x[$0 * 18..<$0 * 18 + 18]) }
    #expect(moments.rows == 30)
    #expect((moments.gram - Self.gram(rows)).frobeniusNorm < 1e-4)
    for j in 0..<18 { #expect(abs(moments.sum[j] - rows.reduce(0) { $0 + $1[j] }) < 1e-4) }
  }

  /// For the lossless stage every place of a unit is a row of its own.
  @Test func blocksAreSummedOverTheirPlaces() throws {
    let (graph, hidden) = Self.network()
    let moments = try #require(
      try Self.calibration(try CoupledSketch(graph), batch: 8, lossless: true).moments[1])
    let x = try #require(try SampleSketch(graph, count: 30, seed: 3).value(hidden, of: graph)).doubles
    var rows: [[Double]] = []
    for n in 0..<30 { for t in 0..<6 { rows.append((0..<3).map { c in x[n * 18 + c * 6 + t] }) } }
    #expect(moments.columns == 3 && moments.rows == 180)
    #expect((moments.gram - Self.gram(rows)).frobeniusNorm < 1e-4)
  }

  @Test func manyRowsAreSampledEvenly() throws {
    var sketch = GraphSketch(seed: 4)
    let maps = sketch.conv(sketch.input([1, 40, 40]), 1, 2)
    sketch.output(sketch.conv(maps, 2, 1, kernel: 1))
    let coupled = try CoupledSketch(sketch.graph)
    let moments = try #require(try Self.calibration(coupled, batch: 4, lossless: false).moments[1])
    let quota = (Calibration.wantedRows(columns: 2) + 29) / 30
    #expect(moments.rows == 30 * quota && quota < 1_600)
    let x = try #require(try SampleSketch(sketch.graph, count: 30, seed: 3).value(maps, of: sketch.graph)).doubles
    for c in 0..<2 {
      var mean = 0.0
      for n in 0..<30 {
        for i in 0..<1_600 { mean += x[(n * 2 + c) * 1_600 + i] * x[(n * 2 + c) * 1_600 + i] / 48_000 }
      }
      #expect(abs(moments.gram[c, c] / Double(moments.rows) / mean - 1) < 0.05)
    }
  }

  @Test func wantedRowsGrowWithTheColumns() {
    #expect(Calibration.wantedRows(columns: 1) == 16_384 && Calibration.wantedRows(columns: 4_000) == 48_000)
  }

  @Test func progressEndsAtOneAndItsErrorStops() throws {
    let sketch = try CoupledSketch(Self.network().graph)
    let samples = SampleSketch(sketch.graph, count: 30, seed: 3)
    var shares: [Double] = []
    _ = try Calibration(
      sketch.graph, coupled: sketch.coupled, sources: [samples.source(batch: 10)], samples: Array(0..<30), seed: 1
    ) { (share: Double) throws(ShrinkError) in shares.append(share) }
    #expect(shares == [1.0 / 3, 2.0 / 3, 1])
    #expect(throws: ShrinkError.self) {
      try Calibration(
        sketch.graph, coupled: sketch.coupled, sources: [samples.source(batch: 10)], samples: Array(0..<30), seed: 1
      ) { (_: Double) throws(ShrinkError) in throw ShrinkError(.internal, "stopped") }
    }
  }
}
