import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

/// Gradients through whole networks.
@Suite struct BackwardTests {
  private static func samples(_ graph: Graph, _ shape: [Int]) -> [ValueID: Tensor] {
    var rng = SplitMix64(seed: 4)
    let x = Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &rng) })
    return [graph.inputs[0]: x]
  }

  /// Σ of the outputs and its gradient with respect to the results of every node.
  private static func gradients(
    _ graph: Graph, _ feeds: [ValueID: Tensor]
  ) throws -> (results: [String: Tensor], partial: Set<String>) {
    var found: [String: Tensor] = [:]
    var partial = Set<String>()
    try Backward(graph).run(
      feeds, seed: { $0.mapValues { Tensor(shape: $0.shape, repeating: Float(1)) } }
    ) { (step) throws(ShrinkError) in
      if let g = step.cotangents.first.flatMap({ $0 }) { found[graph[step.node].name] = g }
      if step.isPartial { partial.insert(graph[step.node].name) }
    }
    return (found, partial)
  }

  private static func sum(_ graph: Graph, _ feeds: [ValueID: Tensor]) throws -> Double {
    try Executor(graph).run(feeds).values.reduce(0.0) { $0 + $1.elements(Float.self).reduce(0.0) { $0 + Double($1) } }
  }

  /// What reaches a layer's bias is the sum of what reaches its result: checked against the network with another bias.
  @Test func gradientsAddUpOverBranches() throws {
    var sketch = GraphSketch(seed: 6)
    let stem = sketch.relu(sketch.conv(sketch.input([2, 5, 5]), 2, 4, name: "stem"))
    let branch = sketch.conv(sketch.node("Sigmoid", [sketch.conv(stem, 4, 3)]), 3, 4)
    let sum = sketch.node("Add", [stem, branch])
    let pooled = sketch.node("Flatten", [sketch.node("GlobalAveragePool", [sum])])
    sketch.output(sketch.node("Softmax", [sketch.gemm(pooled, 4, 3)]))
    sketch.output(sketch.gemm(pooled, 4, 2))
    let graph = sketch.graph
    let feeds = Self.samples(graph, [3, 2, 5, 5])
    let g = try #require(try Self.gradients(graph, feeds).results["stem"])
    let node = try #require(graph.nodes.first { $0.name == "stem" })
    let bias = try #require(node.inputs[2])
    let old = try #require(graph[bias].constant).elements(Float.self)
    for channel in 0..<4 {
      func moved(by step: Float) throws -> Double {
        var other = graph
        var values = old
        values[channel] += step
        other[bias].constant = Tensor(shape: [4], values)
        return try Self.sum(other, feeds)
      }
      let step: Float = 1e-2
      let slope = (try moved(by: step) - moved(by: -step)) / (2 * Double(step))
      let elements = g.elements(Float.self)
      let found = (0..<3).reduce(0.0) { total, n in
        total + (0..<25).reduce(0.0) { $0 + Double(elements[(n * 4 + channel) * 25 + $1]) }
      }
      #expect(abs(found - slope) < 0.02 * max(abs(slope), 0.05), "channel \(channel): \(found), not \(slope)")
    }
  }

  /// What stands in front of an operator without a derivative has no whole gradient, what stands behind it has.
  @Test func operatorsWithoutDerivativeMakeGradientsPartial() throws {
    var sketch = GraphSketch(seed: 6)
    let first = sketch.gemm(sketch.input([4]), 4, 5, name: "first")
    let axis = sketch.constant(Tensor(shape: [], [Int64(1)]))
    let sums = sketch.node("CumSum", [first, axis], name: "sums")
    let other = sketch.gemm(first, 5, 5, name: "other")
    sketch.output(sketch.gemm(sketch.node("Add", [sums, other]), 5, 2, name: "last"))
    let found = try Self.gradients(sketch.graph, Self.samples(sketch.graph, [2, 4]))
    #expect(found.partial == ["first"])
    #expect(found.results["other"] != nil && found.results["first"] != nil)
  }
}
