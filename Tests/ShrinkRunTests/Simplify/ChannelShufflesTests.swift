import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct ChannelShufflesTests {
  /// Input, and what becomes of it by Reshape, Transpose, Reshape.
  private static func graph(
    _ input: DeclaredType, _ parts: [Int64], _ perm: [Int64], _ back: [Int64]
  ) -> Graph {
    var sketch = GraphSketch()
    let x = sketch.input(input)
    func ints(_ numbers: [Int64]) -> ValueID { sketch.constant(Tensor(shape: [numbers.count], numbers), name: "n") }
    let split = sketch.node("Reshape", [x, ints(parts)])
    let moved = sketch.node("Transpose", [split], ["perm": .ints(perm)])
    sketch.output(sketch.relu(sketch.node("Reshape", [moved, ints(back)])))
    return sketch.graph
  }

  private static func found(_ graph: Graph, _ shape: [Int]) throws -> [ChannelShuffles.Shuffle] {
    let x = try #require(graph.inputs.first)
    return try ChannelShuffles(graph, types: Inference(graph, inputs: [x: TensorType(.float32, shape)]).types).all
  }

  /// As a list the shuffle does the same, also for inputs of other sizes.
  private static func check(_ graph: Graph, sizes: [[Int]], axis: Int, _ order: [Int]) throws {
    let x = try #require(graph.inputs.first)
    let types = try Inference(graph, inputs: [x: TensorType(.float32, sizes[0])]).types
    let shuffles = try ChannelShuffles(graph, types: types)
    #expect(shuffles.all.map(\.axis) == [axis] && shuffles.all.map(\.order) == [order])
    let listed = try shuffles.gathered(shuffles.all, in: graph)
    try listed.check()
    #expect(listed.nodes.map(\.opType) == ["Gather", "Relu"])
    var rng = SplitMix64(seed: 5)
    for size in sizes {
      let data = Tensor.random(size, using: &rng)
      let wanted = try Executor(graph).run([x: data])[graph.outputs[0]]
      let result = try Executor(listed).run([try #require(listed.inputs.first): data])[listed.outputs[0]]
      #expect(wanted != nil && wanted == result)
    }
  }

  private static let open = DeclaredType(.float32, [.symbol("N"), .known(6), .symbol("H"), .symbol("W")])

  @Test func channelsOfPictures() throws {
    let fixed = DeclaredType(.float32, [.symbol("N"), .known(6), .known(2), .known(3)])
    try Self.check(
      Self.graph(fixed, [0, 2, 3, 2, 3], [0, 2, 1, 3, 4], [-1, 6, 2, 3]), sizes: [[2, 6, 2, 3], [1, 6, 2, 3]], axis: 1,
      [0, 3, 1, 4, 2, 5])
    try Self.check(
      Self.graph(fixed, [-1, 3, 2, 2, 3], [0, 2, 1, 3, 4], [0, -1, 2, 3]), sizes: [[2, 6, 2, 3], [5, 6, 2, 3]], axis: 1,
      [0, 2, 4, 1, 3, 5])
  }

  @Test func channelsBehindTheOthersAndThreeFactors() throws {
    let last = DeclaredType(.float32, [.symbol("N"), .symbol("S"), .known(12)])
    try Self.check(
      Self.graph(last, [0, 0, 2, 3, 2], [0, 1, 4, 2, 3], [0, 0, 12]), sizes: [[2, 4, 12], [1, 1, 12], [3, 2, 12]],
      axis: 2, [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
  }

  /// Sizes of the others that are computed, as the legacy exporter writes them.
  @Test func computedSizes() throws {
    var sketch = GraphSketch()
    let x = sketch.input(Self.open)
    let shape = sketch.node("Shape", [x])
    func ints(_ numbers: [Int64]) -> ValueID { sketch.constant(Tensor(shape: [numbers.count], numbers), name: "n") }
    func size(_ axis: Int64) -> ValueID { sketch.node("Gather", [shape, ints([axis])], ["axis": .int(0)]) }
    func target(_ middle: [Int64]) -> ValueID {
      sketch.node("Concat", [size(0), ints(middle), size(2), size(3)], ["axis": .int(0)])
    }
    let split = sketch.node("Reshape", [x, target([2, 3])])
    let moved = sketch.node("Transpose", [split], ["perm": .ints([0, 2, 1, 3, 4])])
    sketch.output(sketch.relu(sketch.node("Reshape", [moved, target([6])])))
    try Self.check(sketch.graph, sizes: [[2, 6, 2, 3], [1, 6, 5, 1]], axis: 1, [0, 3, 1, 4, 2, 5])
  }

  /// What mixes two axes, moves another one, or has as many channels as an input says.
  @Test func leavesAlone() throws {
    let square = DeclaredType(.float32, [.symbol("N"), .known(4), .known(4)])
    #expect(try Self.found(Self.graph(square, [0, 2, 2, 4], [0, 3, 1, 2], [0, 4, 4]), [2, 4, 4]).isEmpty)
    #expect(try Self.found(Self.graph(square, [0, 4, 2, 2], [0, 2, 1, 3], [0, 4, 4]), [2, 4, 4]).isEmpty)
    #expect(try Self.found(Self.graph(square, [0, 16], [0, 1], [0, 4, 4]), [2, 4, 4]).isEmpty)
    let wide = DeclaredType(.float32, [.symbol("N"), .symbol("C"), .known(3)])
    #expect(try Self.found(Self.graph(wide, [0, 2, -1, 3], [0, 2, 1, 3], [0, -1, 3]), [2, 6, 3]).isEmpty)
  }
}
