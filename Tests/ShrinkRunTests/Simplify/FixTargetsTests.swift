import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct FixTargetsTests {
  private func target(_ graph: Graph, _ type: String = "Reshape") throws -> [Int]? {
    let node = try #require(graph.nodes.first { $0.opType == type })
    return node.inputs[1].flatMap { graph[$0].constant?.integers }
  }

  @Test func sizesOfTheOperandBecomeZero() throws {
    var s = ShapeSketch()
    let (batch, length, rest) = (s.size(0), s.size(1), s.ints([3, 4]))
    let hidden = s.sketch.node("MatMul", [s.x, s.sketch.weight([12, 12])])
    let target = s.joined([batch, length, rest])
    s.sketch.output(s.sketch.node("Reshape", [s.sketch.relu(hidden), target]))
    let (small, changed) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(try changed && self.target(small) == [0, 0, 3, 4])
    #expect(small.nodes.map(\.opType).sorted() == ["MatMul", "Relu", "Reshape"])
    var again = small
    let x = try #require(small.inputs.first)
    let types = try Inference(small, inputs: [x: TensorType(.float32, [2, 5, 12])]).types
    #expect(try !FixTargets().apply(to: &again, types: types))
  }

  @Test func oneOtherSizeBecomesMinusOne() throws {
    var s = ShapeSketch()
    let (batch, length) = (s.size(0), s.size(1))
    let rows = s.sketch.node("Mul", [batch, length])
    let target = s.joined([rows, s.ints([12])])
    s.sketch.output(s.sketch.node("Reshape", [s.x, target]))
    #expect(try self.target(ShapeSketch.fixed(s.sketch.graph).0) == [-1, 12])
  }

  @Test func sizesThatNoInputChangesBecomeNumbers() throws {
    var s = ShapeSketch()
    let width = s.size(2)
    let root = s.sketch.node("Sqrt", [s.sketch.node("Cast", [width], ["to": .int(1)])])
    s.sketch.output(s.sketch.node("Div", [s.x, root]))
    let (small, changed) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(changed && small.nodes.map(\.opType) == ["Div"])
  }

  @Test func expandKeepsWhatItDoesNotRepeat() throws {
    var s = ShapeSketch()
    let target = s.joined([s.size(0), s.size(1), s.ints([12])])
    s.sketch.output(s.sketch.node("Expand", [s.sketch.relu(s.x), target]))
    #expect(try self.target(ShapeSketch.fixed(s.sketch.graph).0, "Expand") == [1, 1, 12])
  }

  @Test func twoOpenSizesStay() throws {
    var s = ShapeSketch()
    let flat = s.sketch.node("Reshape", [s.x, s.ints([-1])])
    s.sketch.output(s.sketch.node("Reshape", [flat, s.joined([s.size(0), s.size(1), s.ints([12])])]))
    let (small, _) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(small.nodes.contains { $0.opType == "Shape" })
    #expect(try self.target(small) == [-1])
  }

  /// At 5 positions the range takes the whole axis, at 8 it does not: the sizes are not equal.
  @Test func rangesThatHappenToTakeAllAreNotEqual() throws {
    var s = ShapeSketch()
    let cut = s.sketch.node("Slice", [s.x, s.ints([0]), s.ints([6]), s.ints([1])])
    let flat = s.sketch.node("Reshape", [cut, s.ints([0, -1])])
    let target = s.joined([s.size(0), s.size(1), s.ints([-1])])
    s.sketch.output(s.sketch.node("Reshape", [flat, target]))
    let (small, _) = try ShapeSketch.fixed(s.sketch.graph, sizes: [[2, 5], [3, 6]])
    let last = try #require(small.nodes.last { $0.opType == "Reshape" })
    #expect(last.inputs[1].flatMap { small[$0].constant } == nil)
  }

  /// The sum takes 5 positions or 1, which repeats: two sizes are no evidence, so nothing changes.
  @Test func networksThatTakeTooFewSizesStay() throws {
    var s = ShapeSketch()
    let sum = s.sketch.node("Add", [s.x, s.sketch.weight([1, 5, 12])])
    let target = s.joined([s.size(0), s.ints([5, 3, 4])])
    s.sketch.output(s.sketch.node("Reshape", [sum, target]))
    #expect(try !ShapeSketch.fixed(s.sketch.graph, sizes: [[2, 5], [3, 1]]).1)
  }

  @Test func zeroThatIsAllowedStays() throws {
    var s = ShapeSketch(0)
    let target = s.joined([s.size(0), s.size(1), s.ints([0, 4])])
    s.sketch.output(s.sketch.node("Reshape", [s.x, target], ["allowzero": .int(1)]))
    #expect(try ShapeSketch.fixed(s.sketch.graph).1 == false)
  }

  /// PyTorch's newer exporter allows it everywhere.
  @Test func sizesAreNoZeros() throws {
    var s = ShapeSketch()
    let target = s.joined([s.size(0), s.size(1), s.ints([3, 4])])
    s.sketch.output(s.sketch.node("Reshape", [s.x, target], ["allowzero": .int(1)]))
    let (small, _) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(try self.target(small) == [0, 0, 3, 4])
    #expect(small.nodes.map(\.opType) == ["Reshape"] && small.nodes[0].attributes.count == 0)
  }
}
