import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

/// A graph with input [B, S, 12], and shape arithmetic in one line an element.
struct ShapeSketch {
  var sketch = GraphSketch()
  let x: ValueID
  private let shape: ValueID

  init(_ features: Int = 12) {
    x = sketch.input(DeclaredType(.float32, [.symbol("B"), .symbol("S"), .known(features)]))
    shape = sketch.node("Shape", [x])
  }

  mutating func ints(_ numbers: [Int64]) -> ValueID {
    sketch.constant(Tensor(shape: [numbers.count], numbers), name: "n")
  }
  /// The size of an axis of the input, as an exporter takes it.
  mutating func size(_ axis: Int64) -> ValueID {
    let index = sketch.constant(Tensor(axis), name: "i")
    let size = sketch.node("Gather", [shape, index], ["axis": .int(0)])
    return sketch.node("Unsqueeze", [size, ints([0])])
  }
  mutating func joined(_ parts: [ValueID]) -> ValueID { sketch.node("Concat", parts, ["axis": .int(0)]) }

  /// The graph that `FixTargets` makes for 2 × 5, compared at other sizes, and whether anything changed.
  static func fixed(_ graph: Graph, sizes: [[Int]] = [[2, 5], [1, 1], [3, 8], [4, 1]]) throws -> (Graph, Bool) {
    var small = graph
    let x = try #require(graph.inputs.first)
    let features = try #require(graph[x].type?.dims?.last?.size)
    let types = try Inference(graph, inputs: [x: TensorType(.float32, [2, 5, features])]).types
    let changed = try FixTargets().apply(to: &small, types: types)
    try small.check()
    _ = try Pipeline().run(&small)
    var rng = SplitMix64(seed: 3)
    for size in sizes {
      let data = Tensor.random(size + [features], using: &rng)
      let wanted = try Executor(graph).run([x: data])
      let found = try Executor(small).run([try #require(small.realInputs.first): data])
      for (a, b) in zip(graph.outputs, small.outputs) { #expect(wanted[a] == found[b]) }
    }
    return (small, changed)
  }
}
