import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct FixTargetsTests {
  /// A graph with input [B, S, 12], and shape arithmetic in one line an element.
  private struct Sketch {
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
  }

  /// Rewrites for 2 × 5 and compares at other sizes.
  private func fixed(_ graph: Graph, sizes: [[Int]] = [[2, 5], [1, 1], [3, 8], [4, 1]]) throws -> (Graph, Bool) {
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

  private func target(_ graph: Graph, _ type: String = "Reshape") throws -> [Int]? {
    let node = try #require(graph.nodes.first { $0.opType == type })
    return node.inputs[1].flatMap { graph[$0].constant?.integers }
  }

  @Test func sizesOfTheOperandBecomeZero() throws {
    var s = Sketch()
    let (batch, length, rest) = (s.size(0), s.size(1), s.ints([3, 4]))
    let hidden = s.sketch.node("MatMul", [s.x, s.sketch.weight([12, 12])])
    let target = s.joined([batch, length, rest])
    s.sketch.output(s.sketch.node("Reshape", [s.sketch.relu(hidden), target]))
    let (small, changed) = try fixed(s.sketch.graph)
    #expect(try changed && self.target(small) == [0, 0, 3, 4])
    #expect(small.nodes.map(\.opType).sorted() == ["MatMul", "Relu", "Reshape"])
    var again = small
    let x = try #require(small.inputs.first)
    let types = try Inference(small, inputs: [x: TensorType(.float32, [2, 5, 12])]).types
    #expect(try !FixTargets().apply(to: &again, types: types))
  }

  @Test func oneOtherSizeBecomesMinusOne() throws {
    var s = Sketch()
    let (batch, length) = (s.size(0), s.size(1))
    let rows = s.sketch.node("Mul", [batch, length])
    let target = s.joined([rows, s.ints([12])])
    s.sketch.output(s.sketch.node("Reshape", [s.x, target]))
    #expect(try self.target(fixed(s.sketch.graph).0) == [-1, 12])
  }

  @Test func sizesThatNoInputChangesBecomeNumbers() throws {
    var s = Sketch()
    let width = s.size(2)
    let root = s.sketch.node("Sqrt", [s.sketch.node("Cast", [width], ["to": .int(1)])])
    s.sketch.output(s.sketch.node("Div", [s.x, root]))
    let (small, changed) = try fixed(s.sketch.graph)
    #expect(changed && small.nodes.map(\.opType) == ["Div"])
  }

  @Test func expandKeepsWhatItDoesNotRepeat() throws {
    var s = Sketch()
    let target = s.joined([s.size(0), s.size(1), s.ints([12])])
    s.sketch.output(s.sketch.node("Expand", [s.sketch.relu(s.x), target]))
    #expect(try self.target(fixed(s.sketch.graph).0, "Expand") == [1, 1, 12])
  }

  @Test func twoOpenSizesStay() throws {
    var s = Sketch()
    let flat = s.sketch.node("Reshape", [s.x, s.ints([-1])])
    s.sketch.output(s.sketch.node("Reshape", [flat, s.joined([s.size(0), s.size(1), s.ints([12])])]))
    let (small, changed) = try fixed(s.sketch.graph)
    #expect(!changed && small.nodes.contains { $0.opType == "Shape" })
  }

  /// At 5 positions the range takes the whole axis, at 8 it does not: the sizes are not equal.
  @Test func rangesThatHappenToTakeAllAreNotEqual() throws {
    var s = Sketch()
    let cut = s.sketch.node("Slice", [s.x, s.ints([0]), s.ints([6]), s.ints([1])])
    let flat = s.sketch.node("Reshape", [cut, s.ints([0, -1])])
    let target = s.joined([s.size(0), s.size(1), s.ints([-1])])
    s.sketch.output(s.sketch.node("Reshape", [flat, target]))
    let (small, _) = try fixed(s.sketch.graph, sizes: [[2, 5], [3, 6]])
    let last = try #require(small.nodes.last { $0.opType == "Reshape" })
    #expect(last.inputs[1].flatMap { small[$0].constant } == nil)
  }

  /// The sum takes 5 positions or 1, which repeats: two sizes are no evidence, so nothing changes.
  @Test func networksThatTakeTooFewSizesStay() throws {
    var s = Sketch()
    let sum = s.sketch.node("Add", [s.x, s.sketch.weight([1, 5, 12])])
    let target = s.joined([s.size(0), s.ints([5, 3, 4])])
    s.sketch.output(s.sketch.node("Reshape", [sum, target]))
    #expect(try !fixed(s.sketch.graph, sizes: [[2, 5], [3, 1]]).1)
  }

  @Test func zeroThatIsAllowedStays() throws {
    var s = Sketch()
    let target = s.joined([s.size(0), s.size(1), s.ints([3, 4])])
    s.sketch.output(s.sketch.node("Reshape", [s.x, target], ["allowzero": .int(1)]))
    #expect(try !fixed(s.sketch.graph).1)
  }
}
