import ShrinkGraph
import ShrinkMath
import ShrinkRun
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

/// Site and Site+Weights.
@Suite struct SiteTests {
  /// Conv 4 - Conv 3: units are channels of nine taps.
  private static func convolutions() throws -> CoupledSketch {
    var sketch = GraphSketch(seed: 3)
    let maps = sketch.conv(sketch.input([2, 4, 4]), 2, 4)
    sketch.output(sketch.conv(maps, 4, 3))
    return try CoupledSketch(sketch.graph)
  }

  @Test func columnsFollowTheirUnits() throws {
    let sketch = try Self.convolutions()
    let site = sketch.coupled.sites[1]
    let removal = sketch.removal([0: [1, 3]])
    #expect(site.columns == 36)
    #expect(site.columns(of: 0, count: 4)[2] == Array(18..<27))
    #expect(site.keptColumns(removal) == Array(0..<9) + Array(18..<27))
    let cut = try #require(sketch.rewrite.cut(site, removal, in: sketch.rewrite.apply(removal)))
    #expect(cut.product.channels == 2 && cut.product.taps == 9 && cut.product.outputs == 3 && cut.columns == 18)
    #expect(removal.width(0) == 2)
  }

  /// Graphs of one layer: rows · matrix must be what the operator gives.
  private static let layers: [@Sendable (inout GraphSketch) -> ValueID] = [
    { sketch in
      let x = sketch.input([3])
      return sketch.gemm(x, 3, 4)
    },
    { sketch in
      let x = sketch.input([3])
      let w = sketch.weight([4, 3])
      return sketch.node(
        "Gemm", [x, w, sketch.weight([4], name: "b")],
        ["transB": .int(1), "alpha": .float(0.5), "beta": .float(-2)])
    },
    { sketch in
      let x = sketch.input([3])
      let product = sketch.node("MatMul", [x, sketch.weight([3, 4])])
      return sketch.node("Add", [product, sketch.weight([4], name: "b")])
    },
  ]

  private static func product(_ x: [Double], _ matrix: Matrix, rows: Int) -> [Double] {
    let d = matrix.rows - 1
    return (0..<rows).flatMap { r in
      (0..<matrix.columns).map { j in (0..<d).reduce(matrix[d, j]) { $0 + x[r * d + $1] * matrix[$1, j] } }
    }
  }

  @Test(arguments: layers.indices) func rowsTimesMatrixAreTheOutputs(layer: Int) throws {
    var sketch = GraphSketch(seed: 5)
    let y = Self.layers[layer](&sketch)
    sketch.output(y)
    let site = try CoupledSketch(sketch.graph).coupled.sites[0]
    let samples = SampleSketch(sketch.graph, count: 6, seed: 6)
    let x = try #require(samples.inputs["x"]).doubles
    let wanted = try samples.outputs(sketch.graph)[0].doubles
    let found = Self.product(x, site.matrix(in: sketch.graph), rows: 6)
    #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test(arguments: layers.indices) func whatIsWrittenIsReadAndComputed(layer: Int) throws {
    var sketch = GraphSketch(seed: 7)
    sketch.output(Self.layers[layer](&sketch))
    let site = try CoupledSketch(sketch.graph).coupled.sites[0]
    var rng = SplitMix64(seed: 8)
    let matrix = Matrix(rows: 4, columns: 4, values: (0..<16).map { _ in Double.random(in: -1...1, using: &rng) })
    var graph = sketch.graph
    site.write(matrix, to: &graph)
    #expect((site.matrix(in: graph) - matrix).frobeniusNorm < 1e-6)
    let samples = SampleSketch(graph, count: 6, seed: 9)
    let x = try #require(samples.inputs["x"]).doubles
    let found = try samples.outputs(graph)[0].doubles
    #expect(zip(found, Self.product(x, matrix, rows: 6)).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  /// An unpadded convolution: every output element by plain loops over channels and taps.
  @Test func matrixOfAConvolutionHasTapsInnermost() throws {
    var sketch = GraphSketch(seed: 10)
    sketch.output(sketch.conv(sketch.input([2, 3, 3]), 2, 3, isPadded: false))
    let site = try CoupledSketch(sketch.graph).coupled.sites[0]
    let matrix = site.matrix(in: sketch.graph)
    let weight = try #require(sketch.graph[site.weight].constant).doubles
    for c in 0..<2 {
      for t in 0..<9 { for o in 0..<3 { #expect(matrix[c * 9 + t, o] == weight[(o * 2 + c) * 9 + t]) } }
    }
    let samples = SampleSketch(sketch.graph, count: 2, seed: 11)
    let x = try #require(samples.inputs["x"]).doubles
    let found = try samples.outputs(sketch.graph)[0].doubles
    #expect(zip(found, Self.product(x, matrix, rows: 2)).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func absentConstantTermGetsAPlaceWhereItIsNeeded() throws {
    var sketch = GraphSketch(seed: 12)
    sketch.output(sketch.gemm(sketch.input([3]), 3, 2, hasBias: false))
    let site = try CoupledSketch(sketch.graph).coupled.sites[0]
    var matrix = site.matrix(in: sketch.graph)
    #expect(matrix.row(3) == [0, 0])
    var graph = sketch.graph
    site.write(matrix, to: &graph)
    #expect(graph.nodes[0].inputs.count == 2 && graph.values.count == sketch.graph.values.count)
    matrix[3, 1] = 0.5
    site.write(matrix, to: &graph)
    try graph.check()
    #expect(graph.nodes[0].inputs.count == 3)
    #expect(site.matrix(in: graph).row(3) == [0, 0.5])
    let samples = SampleSketch(graph, count: 3, seed: 13)
    let (before, after) = (try samples.outputs(sketch.graph)[0].doubles, try samples.outputs(graph)[0].doubles)
    for i in 0..<6 { #expect(abs(after[i] - before[i] - (i % 2 == 1 ? 0.5 : 0)) < 1e-6) }
  }
}
