import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct RestoreFormsTests {
  private static let scales = [0.5, 0.25, 1] as [Float]

  /// A product with a weight of three rows and four columns that the file holds in 8 bits, a scale a row.
  private static func quantised(axis: Int64 = 0, between: [String] = []) -> Graph {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let codes = sketch.constant(Tensor(shape: [3, 4], (0..<12).map { Int8(7 * $0 - 30) }), name: "codes")
    let operands = [codes, sketch.constant(Tensor(shape: [3], scales), name: "scales")]
    var weight = sketch.node("DequantizeLinear", operands, ["axis": .int(axis)])
    for type in between { weight = sketch.node(type, [weight]) }
    sketch.output(sketch.node(between.contains("Transpose") ? "Gemm" : "MatMul", [x, weight]))
    return sketch.graph
  }

  /// The graph as it is analysed, and where its weight is.
  private static func folded(_ graph: Graph) throws -> (graph: Graph, weight: ValueID) {
    var folded = graph
    #expect(try FoldConstants().apply(to: &folded))
    let weight = try #require(folded.nodes.last?.inputs[1])
    #expect(folded[weight].constant?.dtype == .float32)
    return (folded, weight)
  }

  /// Two products with what the same nodes compute, of which different parts are left.
  @Test func noTwoNodesHaveOneName() throws {
    var graph = Self.quantised()
    let (x, product) = (graph.inputs[0], try #require(graph.nodes.last))
    graph.nodes[0].name = "dequantized"
    let (folded, weight) = try Self.folded(graph)
    graph = folded
    let copy = graph.addValue(named: "copy", constant: graph[weight].constant)
    graph[copy].stored = graph[weight].stored
    graph[copy].constant = graph[copy].constant?.keeping([0, 1], axis: 0)
    graph[copy].stored?.keep([0, 1], axis: 0)
    let result = graph.addValue(named: "second")
    graph.nodes.append(Node(product.opType, inputs: [x, copy], outputs: [result]))
    graph.outputs.append(result)
    #expect(try RestoreForms(roundsFitted: false).apply(to: &graph).isEmpty)
    let names = graph.nodes.map(\.name).filter { !$0.isEmpty }
    #expect(Set(names).count == names.count, "\(names)")
    #expect(names.count { $0.hasPrefix("dequantized") } == 2, "\(names)")
  }

  private static func weight(_ graph: Graph) throws -> Tensor? {
    var graph = graph
    _ = try FoldConstants().apply(to: &graph)
    return try #require(graph.nodes.last?.inputs[1].flatMap { graph[$0].constant })
  }

  @Test(arguments: [false, true]) func whatNothingChangedGoesBackAsItWas(_ roundsFitted: Bool) throws {
    let before = Self.quantised(between: ["Identity"])
    var (graph, _) = try Self.folded(before)
    #expect(try RestoreForms(roundsFitted: roundsFitted).apply(to: &graph).isEmpty)
    try graph.check()
    #expect(graph.texts == before.texts)
    #expect(try graph[graph.value("codes")].constant == before[before.value("codes")].constant)
  }

  @Test(arguments: [[], ["Identity"], ["Transpose"]]) func whatIsLeftOfItStaysQuantised(_ between: [String]) throws {
    var (graph, weight) = try Self.folded(Self.quantised(between: between))
    let axis = between == ["Transpose"] ? 1 : 0
    for kept in [[0, 2], [1]] {
      let cut = try #require(graph[weight].constant).keeping(kept, axis: axis)
      graph[weight].constant = cut
      graph[weight].stored?.keep(kept, axis: axis)
    }
    let wanted = graph[weight].constant
    #expect(try RestoreForms(roundsFitted: false).apply(to: &graph).isEmpty)
    try graph.check()
    #expect(try graph[graph.value("codes")].constant == Tensor(shape: [1, 4], [26, 33, 40, 47] as [Int8]))
    #expect(try graph[graph.value("scales")].constant == Tensor(shape: [1], [1] as [Float]))
    #expect(try Self.weight(graph) == wanted)
  }

  @Test func whatWasFittedIsWrittenOutOrRounded() throws {
    var (graph, weight) = try Self.folded(Self.quantised())
    let fitted = Tensor(shape: [3, 4], (0..<12).map { Float($0) * 0.37 - 2 })
    graph[weight].constant = fitted
    var exact = graph
    let told = try RestoreForms(roundsFitted: false).apply(to: &exact)
    let form = WeightForm(weight: "codes", stored: "int8", through: ["DequantizeLinear"], written: "float32")
    #expect(told == [form])
    #expect(exact[weight].constant == fitted)
    let rounded = try RestoreForms(roundsFitted: true).apply(to: &graph)
    try graph.check()
    #expect(rounded.map(\.written) == ["int8, rounded"])
    #expect(try graph[graph.value("codes")].constant?.dtype == .int8)
    let found = try #require(try Self.weight(graph)).elements(Float.self)
    // Half a step of each row, whose largest numbers are 2, 0.89 and 2.07.
    let halves = [2, 0.89, 2.07].map { Float($0) / 254 + 1e-5 }
    for (i, (a, b)) in zip(found, fitted.elements(Float.self)).enumerated() { #expect(abs(a - b) <= halves[i / 4]) }
  }

  @Test func halfPrecisionStaysHalf() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let half = Tensor(dtype: .float16, shape: [3, 2], storage: TensorStorage(borrowing: [0, 0x3c00, 0x4000, 0, 0, 0]))
    let cast = sketch.node("Cast", [sketch.constant(half, name: "half")], ["to": .int(1)])
    sketch.output(sketch.node("MatMul", [x, cast]))
    var (graph, weight) = try Self.folded(sketch.graph)
    #expect(graph[weight].constant == Tensor(shape: [3, 2], [0, 1, 2, 0, 0, 0] as [Float]))
    graph[weight].constant = Tensor(shape: [2, 2], [1 / 3, 1, -2, 0.5] as [Float])
    graph[weight].stored?.keep([0, 1], axis: 0)
    #expect(try RestoreForms(roundsFitted: true).apply(to: &graph).map(\.written) == ["float16, rounded"])
    #expect(try graph[graph.value("half")].constant?.dtype == .float16)
    let found = try #require(try Self.weight(graph)).elements(Float.self)
    #expect(abs(found[0] - 1 / 3) < 2e-4 && found[1...] == [1, -2, 0.5])
  }

  @Test func numbersBeyondTheTypeAreWrittenOut() throws {
    var sketch = GraphSketch()
    let x = sketch.input([1])
    let half = Tensor(dtype: .float16, shape: [1, 2], storage: TensorStorage(borrowing: [0, 0x3c00]))
    let cast = sketch.node("Cast", [sketch.constant(half, name: "half")], ["to": .int(1)])
    sketch.output(sketch.node("MatMul", [x, cast]))
    var (graph, weight) = try Self.folded(sketch.graph)
    graph[weight].constant = Tensor(shape: [1, 2], [1e6, 0] as [Float])
    #expect(try RestoreForms(roundsFitted: true).apply(to: &graph).map(\.written) == ["float32"])
    #expect(graph[weight].constant == Tensor(shape: [1, 2], [1e6, 0] as [Float]))
  }
}

extension TensorStorage {
  /// Holds these 16-bit patterns.
  fileprivate convenience init(borrowing patterns: [UInt16]) {
    self.init(byteCount: patterns.count * 2)
    for (i, pattern) in patterns.enumerated() { bytes.storeBytes(of: pattern, toByteOffset: 2 * i, as: UInt16.self) }
  }
}
