import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

/// An attention of com.microsoft over x [batch, 4, 6].
struct AttentionSketch {
  var sketch = GraphSketch(seed: 9)
  let x: ValueID

  init(opset: Int = 17) {
    sketch.use(opset: opset)
    sketch.use(opset: 1, domain: "com.microsoft")
    x = sketch.input(DeclaredType(.float32, [.symbol("N"), .known(4), .known(6)]))
  }

  /// Attention with two heads of 3 for queries and keys, and of `values` for values; the first of its results.
  mutating func packed(
    values: Int64 = 3, hasBias: Bool = true, rest: [ValueID?] = [], results: Int = 1,
    _ more: [String: Attribute.Value] = [:]
  ) -> ValueID {
    let columns = 12 + 2 * Int(values)
    let bias = hasBias ? sketch.weight([columns]) : nil
    var attributes = more
    attributes["num_heads"] = .int(2)
    if values != 3 { attributes["qkv_hidden_sizes"] = .ints([6, 6, 2 * values]) }
    let operands = [x, sketch.weight([6, columns]), bias] + rest
    return sketch.nodes("Attention", operands, domain: "com.microsoft", results: results, attributes)[0]
  }

  /// MultiHeadAttention with two heads of 3 and 2, and a bias.
  mutating func biased(rest: [ValueID?] = []) -> ValueID {
    let parts = [6, 6, 4].map { sketch.node("MatMul", [x, sketch.weight([6, $0])]) }
    return attention("MultiHeadAttention", parts + [sketch.weight([16])] + rest, ["num_heads": .int(2)])
  }

  mutating func attention(
    _ type: String, _ operands: [ValueID?], _ attributes: [String: Attribute.Value]
  ) -> ValueID {
    sketch.node(type, operands, domain: "com.microsoft", attributes)
  }

  /// What the step makes of the graph, and whether it changed anything.
  static func exposed(_ graph: Graph) throws -> (graph: Graph, changed: Bool) {
    var graph = graph
    let x = try #require(graph.realInputs.first)
    let types = try Inference(graph, inputs: [x: TensorType(.float32, [2, 4, 6])]).types
    let changed = try ExposeAttention().apply(to: &graph, types: types)
    try graph.check()
    return (graph, changed)
  }

  /// Throws unless two graphs compute the same, for several batches.
  static func compare(_ a: Graph, _ b: Graph) throws {
    var rng = SplitMix64(seed: 3)
    for batch in [1, 2, 5] {
      let data = Tensor.random([batch, 4, 6], using: &rng)
      let wanted = try Executor(a).run([#require(a.realInputs.first): data])
      let found = try Executor(b).run([#require(b.realInputs.first): data])
      for (x, y) in zip(a.outputs, b.outputs) {
        let (x, y) = (try #require(wanted[x]), try #require(found[y]))
        #expect(x.difference(from: y) == nil)
      }
    }
  }

  /// The types of the nodes, constants aside.
  static func kinds(_ graph: Graph) -> [String] { graph.nodes.map(\.opType).filter { $0 != "Constant" } }
}
