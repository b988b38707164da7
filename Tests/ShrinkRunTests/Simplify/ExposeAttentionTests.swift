import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct ExposeAttentionTests {
  @Test(arguments: [(11, true, 3), (17, true, 2), (17, false, 3), (17, false, 2)])
  func projectionsComeOut(_ opset: Int, _ hasBias: Bool, _ values: Int) throws {
    var s = AttentionSketch(opset: opset)
    let more: [String: Attribute.Value] = ["unidirectional": .int(1), "scale": .float(0.3)]
    s.sketch.output(s.packed(values: Int64(values), hasBias: hasBias, more))
    let (graph, changed) = try AttentionSketch.exposed(s.sketch.graph)
    let wanted = ["MatMul"] + (hasBias ? ["Add"] : []) + ["Split", "MultiHeadAttention"]
    #expect(changed && AttentionSketch.kinds(graph) == wanted)
    try AttentionSketch.compare(s.sketch.graph, graph)
  }

  @Test func biasesComeOut() throws {
    var s = AttentionSketch()
    s.sketch.output(s.biased(rest: [nil, s.sketch.weight([1, 2, 4, 4])]))
    let (graph, changed) = try AttentionSketch.exposed(s.sketch.graph)
    #expect(changed && AttentionSketch.kinds(graph).filter { $0 == "Add" }.count == 3)
    #expect(graph.nodes.last?.inputs.count == 6 && graph.nodes.last?.inputs[3] == .some(nil))
    try AttentionSketch.compare(s.sketch.graph, graph)
  }

  /// Summands and masks move to the slots in which MultiHeadAttention has them.
  @Test func masksAndSummandsStay() throws {
    var s = AttentionSketch()
    let flags = s.sketch.constant(Tensor(shape: [1, 4], [1, 1, 1, 0] as [Int32]))
    let shape = s.sketch.node("Slice", [s.sketch.node("Shape", [s.x]), integers(&s, [0]), integers(&s, [2])])
    let mask = s.sketch.node("Expand", [flags, shape])
    s.sketch.output(s.packed(rest: [mask, nil, s.sketch.weight([1, 2, 4, 4])]))
    let (graph, changed) = try AttentionSketch.exposed(s.sketch.graph)
    #expect(changed && graph.nodes.last?.inputs.count == 6)
    try AttentionSketch.compare(s.sketch.graph, graph)
  }

  /// ONNX Runtime opens no MultiHeadAttention that names them.
  @Test func attributesOfAttentionAloneGo() throws {
    var s = AttentionSketch()
    s.sketch.output(s.packed(values: 2, ["do_rotary": .int(0), "scale": .float(0.3)]))
    let (graph, changed) = try AttentionSketch.exposed(s.sketch.graph)
    #expect(changed && Set(graph.nodes.last?.attributes.map(\.name) ?? []) == ["num_heads", "scale"])
  }

  private func integers(_ s: inout AttentionSketch, _ numbers: [Int64]) -> ValueID {
    s.sketch.constant(Tensor(shape: [numbers.count], numbers))
  }

  /// A present result, a mask that only Attention reads, a bias that is computed, attributes of other forms.
  @Test func otherFormsStay() throws {
    for form in 0..<4 {
      var s = AttentionSketch()
      switch form {
      case 0: s.sketch.output(s.packed(results: 2))
      case 1: s.sketch.output(s.packed(rest: [s.sketch.constant(Tensor(shape: [4], [4, 4, 0, 0] as [Int32]))]))
      case 2:
        let bias = s.sketch.relu(s.sketch.weight([16]))
        let parts = [6, 6, 4].map { s.sketch.node("MatMul", [s.x, s.sketch.weight([6, $0])]) }
        s.sketch.output(s.attention("MultiHeadAttention", parts + [bias], ["num_heads": .int(2)]))
      default: s.sketch.output(s.packed(["rotary_embedding_dim": .int(2)]))
      }
      #expect(try !AttentionSketch.exposed(s.sketch.graph).changed, "\(form)")
    }
  }
}
