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

  /// Gemm 12 - Relu - Gemm 8 - `middle` - Gemm 4 - `end`: what the outputs make of the errors of each layer.
  private static func sites(
    middle: (inout GraphSketch, ValueID) -> ValueID = { $1 }, end: (inout GraphSketch, ValueID) -> ValueID = { $1 },
    scale: Float = 1
  ) throws -> [[Double]?] {
    var sketch = GraphSketch(seed: 3)
    let hidden = sketch.relu(sketch.gemm(sketch.input([6]), 6, 12, name: "first"))
    let second = middle(&sketch, sketch.relu(sketch.gemm(hidden, 12, 8, name: "second")))
    let factor = sketch.constant(Tensor(shape: [], [scale]))
    let last = sketch.node("Mul", [sketch.gemm(second, 8, 4, name: "last"), factor])
    sketch.output(end(&sketch, last))
    let prepared = try PreparedSketch(sketch.graph, count: 40, seed: 3)
    let gradients = try OutputGradients(
      prepared.prepared.graph, coupled: prepared.prepared.coupled, source: prepared.source, samples: Array(0..<40),
      seed: 1
    ) { (_: Double) throws(ShrinkError) in }
    return gradients.sites
  }

  private static func cast(_ sketch: inout GraphSketch, _ x: ValueID, _ types: [DType]) -> ValueID {
    types.reduce(x) { sketch.node("Cast", [$0], ["to": .int(Int64($1.rawValue))]) }
  }

  @Test func everyLayerInFrontOfTheOutputCounts() throws {
    let sites = try Self.sites()
    #expect(sites.count == 3 && sites.allSatisfy { $0?.contains { $0 > 0 } ?? false })
  }

  /// Gradients end at numbers that are not float32: layers in front of them must not seem to be free.
  @Test(arguments: [DType.float16, .float64, .bfloat16])
  func layersInFrontOfOtherTypesAreNotKnown(_ type: DType) throws {
    let sites = try Self.sites(middle: { Self.cast(&$0, $1, [type, .float32]) })
    #expect(sites.map { $0 == nil } == [true, true, false])
  }

  @Test func layersInFrontOfQuantisedActivationsAreNotKnown() throws {
    let sites = try Self.sites { sketch, x in
      let operands = [
        sketch.constant(Tensor(shape: [], [Float(0.05)])), sketch.constant(Tensor(shape: [], [UInt8(0)])),
      ]
      let codes = sketch.node("QuantizeLinear", [x] + operands)
      return sketch.node("DequantizeLinear", [codes] + operands)
    }
    #expect(sites.map { $0 == nil } == [true, true, false])
  }

  @Test func outputsOfOtherTypesTellNothing() throws {
    #expect(try Self.sites(end: { Self.cast(&$0, $1, [.float16]) }).allSatisfy { $0 == nil })
    #expect(try Self.sites(end: { $0.node("ArgMax", [$1]) }).allSatisfy { $0 == nil })
  }

  @Test func gradientsThatAreNotFiniteTellNothing() throws {
    #expect(try Self.sites(scale: .nan).allSatisfy { $0 == nil })
  }
}
