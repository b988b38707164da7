import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct CostTests {
  /// Conv 6 (3x3) - depthwise - Conv 4 (1x1) - Flatten - Gemm 7 - MatMul 5 on 2 x 4 x 3 pictures.
  private static func network() -> Graph {
    var sketch = GraphSketch()
    let maps = sketch.conv(sketch.input([2, 4, 3]), 2, 6)
    let deep = sketch.node(
      "Conv", [maps, sketch.weight([6, 1, 3, 3])], ["group": .int(6), "pads": .ints([1, 1, 1, 1])])
    let narrow = sketch.conv(deep, 6, 4, kernel: 1, hasBias: false)
    let dense = sketch.gemm(sketch.node("Flatten", [narrow]), 48, 7)
    sketch.output(sketch.node("MatMul", [dense, sketch.weight([7, 5])]))
    return sketch.graph
  }

  /// The same by hand, at widths a, b, c.
  private static func parameters(_ a: Int, _ b: Int, _ c: Int) -> Int {
    (a * 2 * 9 + a) + a * 9 + b * a + (12 * b * c + c) + c * 5
  }
  private static func macs(_ a: Int, _ b: Int, _ c: Int) -> Int {
    12 * a * 2 * 9 + 12 * a * 9 + 12 * b * a + 12 * b * c + c * 5
  }

  @Test(arguments: [1, 4]) func countsAreThoseByHandAtEveryWidth(samples: Int) throws {
    let sketch = try CoupledSketch(Self.network(), samples: samples)
    try #require(sketch.coupled.groups.map(\.count) == [6, 4, 7])
    let cost = Cost(
      sketch.graph, types: sketch.types, groups: sketch.coupled.groups, forms: sketch.coupled.forms, samples: samples)
    for widths in [[6, 4, 7], [1, 1, 1], [3, 4, 2], [5, 2, 7]] {
      #expect(cost.parameters(widths) == Double(Self.parameters(widths[0], widths[1], widths[2])))
      #expect(cost.macs(widths) == Double(Self.macs(widths[0], widths[1], widths[2])))
    }
  }

  /// What is predicted for a removal is what the cut graph holds.
  @Test func predictionIsWhatACutGraphHolds() throws {
    for seed in 0..<60 as Range<UInt64> {
      let sketch = try CoupledSketch(RandomGraph(seed: seed).graph)
      let groups = sketch.coupled.groups
      let cost = Cost(
        sketch.graph, types: sketch.types, groups: groups, forms: sketch.coupled.forms, samples: 2)
      var rng = SplitMix64(seed: seed)
      let widths = groups.map { Int.random(in: 1...$0.count, using: &rng) }
      let units = Dictionary(uniqueKeysWithValues: groups.indices.map { ($0, Array(widths[$0]..<groups[$0].count)) })
      let small = sketch.rewrite.apply(sketch.removal(units))
      let counted: [DType] = [.float32, .float64, .int8]
      let held = small.values.compactMap { $0.constant }.filter { counted.contains($0.dtype) }
        .reduce(0) { $0 + $1.count }
      #expect(cost.parameters(widths) == Double(held), "seed \(seed)")
      let plain = try CoupledSketch(small)
      let own = Cost(small, types: plain.types, groups: [], samples: 2)
      #expect(abs(cost.macs(widths) - own.macs([])) < 1e-6, "seed \(seed)")
    }
  }

  /// Copies of a table are one as long as nothing is cut off any of them.
  @Test func copiesThatAreWholeCountOnce() throws {
    var sketch = GraphSketch()
    let table = Tensor(shape: [3, 6], (0..<18).map { Float($0) })
    var x = sketch.input([3, 5])
    for _ in 0..<2 {
      let hidden = sketch.node("Mul", [sketch.node("MatMul", [x, sketch.weight([5, 6])]), sketch.constant(table)])
      x = sketch.node("MatMul", [sketch.relu(hidden), sketch.weight([6, 5])])
      x = sketch.node("Softmax", [x], ["axis": .int(-1)])
    }
    sketch.output(x)
    let coupled = try CoupledSketch(sketch.graph)
    let groups = coupled.coupled.groups
    try #require(groups.map(\.count) == [6, 6])
    let cost = Cost(coupled.graph, types: coupled.types, groups: groups, forms: coupled.coupled.forms, samples: 2)
    let counts = [[6, 6], [4, 6], [4, 5]].map { cost.parameters($0) }
    let wanted: [Double] = [120 + 18, 100 + 12 + 18, 90 + 12 + 15]
    #expect(counts == wanted)
  }

  /// An axis of heads × width costs the product of what is left of both, beside what is fixed.
  @Test func factoredAxesMultiply() throws {
    let (heads, width, stream, count) = (3, 4, 5, 2)
    var sketch = GraphSketch()
    let x = sketch.input([count, stream])
    func headed() -> ValueID {
      let made = sketch.node("MatMul", [x, sketch.weight([stream, heads * width])])
      let target = sketch.constant(Tensor(shape: [4], [0, 0, heads, width].map(Int64.init)))
      return sketch.node("Transpose", [sketch.node("Reshape", [made, target])], ["perm": .ints([0, 2, 1, 3])])
    }
    let (q, k, v) = (headed(), headed(), headed())
    let scores = sketch.node("MatMul", [q, sketch.node("Transpose", [k], ["perm": .ints([0, 1, 3, 2])])])
    let mixed = sketch.node("MatMul", [sketch.node("Softmax", [scores], ["axis": .int(-1)]), v])
    let back = sketch.node("Transpose", [mixed], ["perm": .ints([0, 2, 1, 3])])
    let flat = sketch.node("Reshape", [back, sketch.constant(Tensor(shape: [3], [0, 0, Int64(heads * width)]))])
    sketch.output(sketch.node("MatMul", [flat, sketch.weight([heads * width, 2])]))
    let coupled = try CoupledSketch(sketch.graph)
    let groups = coupled.coupled.groups
    let cost = Cost(
      sketch.graph, types: coupled.types, groups: groups, forms: coupled.coupled.forms, samples: 2)
    for (h, w, u) in [(3, 4, 4), (1, 1, 1), (2, 3, 1), (3, 1, 4)] {
      let widths = groups.map { $0.kind == .heads ? h : $0.kind == .queryKeyWidth ? w : u }
      #expect(cost.parameters(widths) == Double(2 * stream * h * w + stream * h * u + h * u * 2))
      let products = 2 * count * stream * h * w + count * stream * h * u + count * h * u * 2
      #expect(cost.macs(widths) == Double(products + h * count * count * (w + u)))
    }
  }

  /// As `onnx` users count: initialisers of floats and bytes, constants in nodes but for scalars.
  @Test func shapesAndScalarsInNodesAreNoParameters() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4])
    let target = sketch.constant(Tensor(shape: [2], [0, -1] as [Int64]))
    let shaped = sketch.node("Reshape", [x, target])
    sketch.output(sketch.node("Add", [shaped, sketch.weight([4])]))
    var graph = sketch.graph
    func parameters() throws -> Double {
      Cost(graph, types: try CoupledSketch(graph).types, groups: [], samples: 2).parameters([])
    }
    #expect(try parameters() == 4)
    let scalar = graph.addValue(named: "scalar", constant: Tensor(Float(2)))
    #expect(try parameters() == 5)
    graph[scalar].constantForm = .constantNode
    #expect(try parameters() == 4)
  }
}
