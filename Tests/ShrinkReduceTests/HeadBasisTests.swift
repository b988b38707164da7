import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct HeadBasisTests {
  private static let heads = 2, width = 6, rank = 3, channels = 8

  /// How the heads are made.
  enum Form: CaseIterable {
    /// Queries, keys and values by layers of their own.
    case apart
    /// By one layer, queries in front of keys in front of values.
    case together
    /// By one layer, head by head.
    case byHead
  }

  /// An attention over 5 tokens, whose heads use `rank` directions of their width in scores and in values, but mixed.
  ///
  /// `marks` multiplies each place of the queries by a number of its own.
  private static func attention(_ form: Form, marks: Bool = false) -> Graph {
    var sketch = GraphSketch(seed: 3)
    let x = sketch.input([5, channels])
    // Column blocks of low rank for each head; queries, keys, values.
    let blocks = (0..<3).map { _ in (0..<heads).map { _ in lowRank(channels, width, &sketch) } }
    let projection = Matrices.joinedRows((0..<heads).map { _ in Matrices.random(width, 4, &sketch.rng) })
    var parts: [ValueID]
    switch form {
    case .apart:
      parts = blocks.map { part in
        let made = sketch.node("MatMul", [x, sketch.constant(Matrices.joined(part).tensor)])
        return split(&sketch, made)
      }
    case .together, .byHead:
      let order =
        form == .together
        ? blocks.flatMap(\.self) : (0..<heads).flatMap { h in blocks.map { $0[h] } }
      let made = sketch.node("MatMul", [x, sketch.constant(Matrices.joined(order).tensor)])
      let sizes: [Int64] = form == .together ? [3, Int64(heads)] : [Int64(heads), 3]
      let shape = sketch.constant(Tensor(shape: [5], [0, 0] + sizes + [Int64(width)]))
      let apart = sketch.node("Reshape", [made, shape])
      parts = (0..<3).map { part in
        let index = sketch.constant(Tensor(shape: [], [Int64(part)]))
        let picked = sketch.node("Gather", [apart, index], ["axis": .int(form == .together ? 2 : 3)])
        return sketch.node("Transpose", [picked], ["perm": .ints([0, 2, 1, 3])])
      }
    }
    if marks { parts[0] = sketch.node("Mul", [parts[0], sketch.weight([width], in: 0.5...2)]) }
    let keys = sketch.node("Transpose", [parts[1]], ["perm": .ints([0, 1, 3, 2])])
    let scores = sketch.node("Softmax", [sketch.node("MatMul", [parts[0], keys])], ["axis": .int(-1)])
    let mixed = sketch.node("MatMul", [scores, parts[2]])
    let back = sketch.node("Transpose", [mixed], ["perm": .ints([0, 2, 1, 3])])
    let flat = sketch.node("Reshape", [back, sketch.constant(Tensor(shape: [3], [0, 0, Int64(heads * width)]))])
    sketch.output(sketch.node("MatMul", [flat, sketch.constant(projection.tensor)]))
    return sketch.graph
  }

  private static func split(_ sketch: inout GraphSketch, _ x: ValueID) -> ValueID {
    let target = sketch.constant(Tensor(shape: [4], [0, 0, Int64(heads), Int64(width)]))
    return sketch.node("Transpose", [sketch.node("Reshape", [x, target])], ["perm": .ints([0, 2, 1, 3])])
  }

  private static func lowRank(_ rows: Int, _ columns: Int, _ sketch: inout GraphSketch) -> Matrices {
    Matrices.random(rows, rank, &sketch.rng) * Matrices.random(rank, columns, &sketch.rng)
  }

  /// Heads of low rank keep their outputs when they are turned, and then lose nothing with the places that are too many.
  @Test(arguments: Form.allCases) func placesThatCarryNothingComeLast(_ form: Form) throws {
    let graph = Self.attention(form)
    let before = try PreparedSketch(graph, count: 40, seed: 5)
    let basis = HeadBasis(before.prepared, source: before.source, samples: Array(0..<40), seed: 1)
    let turned = try #require(try basis.turned())
    let reference = try Reference(graph, source: before.source, samples: Array(0..<40))
    #expect(try reference.distance(of: turned, source: before.source).relativeError < 2e-5)
    let after = try PreparedSketch(turned, count: 40, seed: 5)
    func error(_ sketch: PreparedSketch, without places: Range<Int>) throws -> Double {
      let groups = sketch.prepared.coupled.groups
      var removal = Removal(groups)
      for (g, group) in groups.enumerated() where group.count == Self.width {
        for place in places { removal.removed[g][place] = true }
      }
      let small = sketch.prepared.compensated(removal)
      return try reference.distance(of: small, source: sketch.source).relativeError
    }
    #expect(try error(after, without: Self.rank..<Self.width) < 1e-3)
    #expect(try error(before, without: Self.rank..<Self.width) > 0.02)
    #expect(try error(after, without: 0..<Self.rank) > 0.1)
  }

  /// Where something tells places apart, turning would change the network: it is left as it is.
  @Test func placesThatAreMarkedStay() throws {
    let sketch = try PreparedSketch(Self.attention(.apart, marks: true), count: 40, seed: 5)
    let basis = HeadBasis(sketch.prepared, source: sketch.source, samples: Array(0..<40), seed: 1)
    let reference = try Reference(sketch.prepared.graph, source: sketch.source, samples: Array(0..<40))
    let graph = try basis.turned() ?? sketch.prepared.graph
    #expect(try reference.distance(of: graph, source: sketch.source).relativeError < 2e-5)
    // Queries keep their weights; values may be turned.
    #expect(graph[ValueID(1)].constant == sketch.prepared.graph[ValueID(1)].constant)
  }

  /// Layers without heads have nothing to turn.
  @Test func denseLayersHaveNoHeads() throws {
    let sketch = try PreparedSketch.dense(seed: 2)
    #expect(try HeadBasis(sketch.prepared, source: sketch.source, samples: [0, 1], seed: 1).turned() == nil)
  }
}

/// Small matrices of floats.
private struct Matrices {
  let rows: Int, columns: Int
  var values: [Float]

  static func random(_ rows: Int, _ columns: Int, _ rng: inout SplitMix64) -> Matrices {
    Matrices(
      rows: rows, columns: columns, values: (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &rng) })
  }

  static func * (a: Matrices, b: Matrices) -> Matrices {
    var result = Matrices(rows: a.rows, columns: b.columns, values: [Float](repeating: 0, count: a.rows * b.columns))
    for i in 0..<a.rows {
      for j in 0..<b.columns {
        for k in 0..<a.columns {
          result.values[i * b.columns + j] += a.values[i * a.columns + k] * b.values[k * b.columns + j]
        }
      }
    }
    return result
  }

  /// Side by side.
  static func joined(_ parts: [Matrices]) -> Matrices {
    let rows = parts.first?.rows ?? 0
    let values = (0..<rows).flatMap { r in
      parts.flatMap { $0.values[r * $0.columns..<(r + 1) * $0.columns] }
    }
    return Matrices(rows: rows, columns: parts.reduce(0) { $0 + $1.columns }, values: values)
  }

  /// One below the other.
  static func joinedRows(_ parts: [Matrices]) -> Matrices {
    Matrices(
      rows: parts.reduce(0) { $0 + $1.rows }, columns: parts.first?.columns ?? 0, values: parts.flatMap(\.values))
  }

  var tensor: Tensor { Tensor(shape: [rows, columns], values) }
}
