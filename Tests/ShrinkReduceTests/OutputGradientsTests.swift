import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct OutputGradientsTests {
  private static func gradients(_ sketch: PreparedSketch) throws -> OutputGradients {
    try OutputGradients(
      sketch.prepared.graph, coupled: sketch.prepared.coupled, source: sketch.source,
      samples: Array(0..<sketch.count), seed: 3
    ) { (_: Double) throws(ShrinkError) in }
  }

  /// Small independent errors of a layer's outputs move the network's outputs as far as the weights say.
  @Test func weightsPredictTheDistanceOfSmallErrors() throws {
    var sketch = GraphSketch(seed: 9)
    let hidden = sketch.relu(sketch.gemm(sketch.input([6]), 6, 12, name: "hidden"))
    let middle = sketch.node("Tanh", [sketch.gemm(hidden, 12, 8, name: "middle")])
    sketch.output(sketch.gemm(middle, 8, 3, name: "last"))
    let prepared = try PreparedSketch(sketch.graph, count: 300, seed: 9)
    let (graph, coupled) = (prepared.prepared.graph, prepared.prepared.coupled)
    let found = try Self.gradients(prepared)
    let s = try #require(coupled.sites.firstIndex { graph[$0.node].name == "middle" })
    let weights = try #require(found.sites[s])
    let reference = try Reference(graph, source: prepared.source, samples: Array(0..<300))
    for output in 0..<8 {
      var other = graph
      let site = coupled.sites[s]
      var matrix = site.matrix(in: graph)
      let step = 1e-2
      matrix[site.columns, output] += step
      site.write(matrix, to: &other)
      let distance = try reference.distance(of: other, source: prepared.source).relativeError
      let predicted = (weights[output] * step * step).squareRoot()
      #expect(abs(predicted - distance) < 0.25 * distance, "output \(output): \(predicted), not \(distance)")
    }
  }

  /// The loss of a whole product of queries and keys is known as well; what passes an operator without a derivative is not.
  @Test func productsHaveWeightsAndUnknownOperatorsLeaveNone() throws {
    var sketch = GraphSketch(seed: 9)
    let x = sketch.input([4, 5])
    let q = sketch.node("MatMul", [x, sketch.weight([5, 3])])
    let k = sketch.node("Transpose", [sketch.node("MatMul", [x, sketch.weight([5, 3])])], ["perm": .ints([0, 2, 1])])
    let scores = sketch.node("Softmax", [sketch.node("MatMul", [q, k])], ["axis": .int(-1)])
    let mixed = sketch.node("MatMul", [scores, sketch.node("MatMul", [x, sketch.weight([5, 4])], name: "values")])
    sketch.output(sketch.node("MatMul", [mixed, sketch.weight([4, 2])], name: "behind"))
    let prepared = try PreparedSketch(sketch.graph, count: 40, seed: 9)
    let found = try Self.gradients(prepared)
    #expect(found.pairs.compactMap { $0 }.count == prepared.prepared.coupled.pairs.count)
    #expect(found.sites.allSatisfy { $0 != nil })

    var other = GraphSketch(seed: 9)
    let hidden = other.gemm(other.input([6]), 6, 5, name: "hidden")
    let sums = other.node(
      "CumSum", [other.gemm(hidden, 5, 4, name: "front"), other.constant(Tensor(shape: [], [Int64(1)]))])
    other.output(other.gemm(sums, 4, 2, name: "behind"))
    let cut = try PreparedSketch(other.graph, count: 20, seed: 9)
    let known = try Self.gradients(cut)
    let names = cut.prepared.coupled.sites.map { cut.prepared.graph[$0.node].name }
    for (name, weights) in zip(names, known.sites) { #expect((weights == nil) == (name != "behind"), "\(name)") }
  }
}
