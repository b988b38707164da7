import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct JoinAttentionTests {
  /// What `ExposeAttention` takes apart becomes what it was.
  @Test(arguments: [(11, true, 3), (17, true, 2), (17, false, 3), (17, false, 2)])
  func projectionsGoBack(_ opset: Int, _ hasBias: Bool, _ values: Int) throws {
    var s = AttentionSketch(opset: opset)
    let summand = s.sketch.weight([1, 2, 4, 4])
    s.sketch.output(
      s.packed(values: Int64(values), hasBias: hasBias, rest: [nil, nil, summand], ["scale": .float(0.3)]))
    var graph = try AttentionSketch.exposed(s.sketch.graph).graph
    #expect(try JoinAttention().apply(to: &graph))
    try graph.check()
    #expect(AttentionSketch.kinds(graph) == ["Attention"])
    let (new, old) = (try #require(graph.nodes.last), try #require(s.sketch.graph.nodes.last))
    #expect(new.inputs == old.inputs && Set(new.attributes.map(\.name)) == Set(old.attributes.map(\.name)))
    try AttentionSketch.compare(s.sketch.graph, graph)
  }

  @Test func biasesGoBack() throws {
    var s = AttentionSketch()
    s.sketch.output(s.biased())
    var graph = try AttentionSketch.exposed(s.sketch.graph).graph
    #expect(try JoinAttention().apply(to: &graph))
    try graph.check()
    #expect(AttentionSketch.kinds(graph) == ["MatMul", "MatMul", "MatMul", "MultiHeadAttention"])
    let bias = try #require(graph.nodes.last?.inputs[3])
    let original = try #require(s.sketch.graph.nodes.last?.inputs[3])
    #expect(graph[bias].constant == s.sketch.graph[original].constant)
    try AttentionSketch.compare(s.sketch.graph, graph)
  }

  /// Projections that an output shows, that something else reads, or only two of which have a bias.
  @Test func whatServesOthersStays() throws {
    for form in 0..<3 {
      var s = AttentionSketch()
      s.sketch.output(form == 2 ? s.biased() : s.packed())
      var graph = try AttentionSketch.exposed(s.sketch.graph).graph
      let add = try #require(graph.nodes.firstIndex { $0.opType == "Add" })
      switch form {
      case 0: graph.outputs.append(try #require(graph.nodes[add].outputs[0]))
      case 1:
        let shown = graph.addValue(named: "z")
        graph.nodes.append(Node("Relu", inputs: [graph.nodes[add].outputs[0]], outputs: [shown]))
        graph.outputs.append(shown)
      default:
        let last = graph.nodes.count - 1
        graph.nodes[last].inputs[0] = graph.nodes[add].inputs[0]
      }
      #expect(try !JoinAttention().apply(to: &graph), "\(form)")
    }
  }

  /// Keys and values that stand head by head get no bias.
  @Test(arguments: [1, 2])
  func sumsOfKeysOfFourAxesStay(_ heads: Int) throws {
    var s = AttentionSketch()
    let memory = s.sketch.constant(Tensor(shape: [4], [0, heads, 4, 6 / heads].map(Int64.init)))
    let byHeads = s.sketch.node("Reshape", [s.x, memory])
    let width = 4 / heads
    let parts = [(s.x, 6, 4), (byHeads, 6 / heads, width), (byHeads, 6 / heads, width)].map { data, rows, columns in
      let product = s.sketch.node("MatMul", [data, s.sketch.weight([rows, columns])])
      return s.sketch.node("Add", [product, s.sketch.weight([columns])])
    }
    s.sketch.output(s.attention("MultiHeadAttention", parts, ["num_heads": .int(Int64(heads))]))
    var graph = s.sketch.graph
    #expect(try !JoinAttention().apply(to: &graph))
  }

  /// ONNX Runtime multiplies less exactly by a MatMul with a weight that is held in 8 bits.
  @Test func projectionsGoBackWhateverTheirWeightsAreHeldIn() throws {
    var s = AttentionSketch()
    let codes = s.sketch.constant(Tensor(shape: [6, 18], (0..<108).map { Int8($0 * 37 % 101 - 50) }))
    let biases = s.sketch.constant(Tensor(shape: [18], (0..<18).map { Int32($0 * 7 % 11 - 5) }))
    let scale = s.sketch.constant(Tensor(Float(0.02)))
    let held = [codes, biases].map { s.sketch.node("DequantizeLinear", [$0, scale]) }
    s.sketch.output(s.attention("Attention", [s.x] + held, ["num_heads": .int(2)]))
    let types = [s.sketch.graph[s.x].name: TensorType(.float32, [2, 4, 6])]
    let simplified = try Simplified(s.sketch.graph, inputs: types).graph
    #expect(AttentionSketch.kinds(simplified).contains("MultiHeadAttention"))
    let graph = try Finished(simplified, roundsFitted: true).graph
    #expect(AttentionSketch.kinds(graph) == ["DequantizeLinear", "DequantizeLinear", "Attention"])
    try AttentionSketch.compare(s.sketch.graph, graph)
  }

  @Test func biasesOfASingleHeadGoBack() throws {
    var s = AttentionSketch()
    let parts = [6, 6, 4].map { s.sketch.node("MatMul", [s.x, s.sketch.weight([6, $0])]) }
    s.sketch.output(s.attention("MultiHeadAttention", parts + [s.sketch.weight([16])], ["num_heads": .int(1)]))
    var graph = try AttentionSketch.exposed(s.sketch.graph).graph
    #expect(try JoinAttention().apply(to: &graph))
    try AttentionSketch.compare(s.sketch.graph, graph)
  }
}
