import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct SplitStacksTests {
  /// x [B, S, 24] as a stack of 3 blocks on axis 0, [3, B, heads, S, width], by an opset.
  private static func stack(_ s: inout ShapeSketch, opset: Int = 17, _ target: [Int64] = [0, 0, 3, 2, 4]) -> ValueID {
    s.sketch.use(opset: opset)
    let stack = s.sketch.node("Reshape", [s.sketch.relu(s.x), s.ints(target)])
    return s.sketch.node("Transpose", [stack], ["perm": .ints([2, 0, 3, 1, 4])])
  }

  private static func gather(_ s: inout ShapeSketch, _ stack: ValueID, _ index: Int64, axis: Int64 = 0) -> ValueID {
    s.sketch.node("Gather", [stack, s.sketch.constant(Tensor(index), name: "i")], ["axis": .int(axis)])
  }

  /// What the step makes of a graph, compared at several sizes; nil where it leaves it alone.
  private static func split(_ s: ShapeSketch) throws -> Graph? {
    var small = s.sketch.graph
    let types = { (graph: Graph, size: [Int]) in
      try Inference(graph, inputs: [s.x: TensorType(.float32, size + [24])]).types
    }
    guard try SplitStacks().apply(to: &small, types: types(small, [2, 5])) else { return nil }
    try small.check()
    var rng = SplitMix64(seed: 5)
    for size in [[2, 5], [1, 1], [3, 8], [4, 3]] {
      let data = Tensor.random(size + [24], using: &rng)
      let wanted = try Executor(s.sketch.graph).run([s.x: data])
      let found = try Executor(small).run([s.x: data])
      for output in small.outputs { #expect(wanted[output] == found[output]) }
    }
    return small
  }

  private static func kinds(_ graph: Graph?) -> [String]? {
    graph?.nodes.map(\.opType).filter { !["Shape", "Relu", "Neg"].contains($0) }
  }

  private static let parts = ["Split", "Reshape", "Transpose", "Reshape", "Transpose", "Reshape", "Transpose"]

  @Test(arguments: [11, 17]) func blocksThatAGatherPicks(_ opset: Int) throws {
    var s = ShapeSketch(24)
    let stack = Self.stack(&s, opset: opset)
    for index: Int64 in [2, 0, -2] { s.sketch.output(s.sketch.node("Neg", [Self.gather(&s, stack, index)])) }
    let small = try Self.split(s)
    #expect(Self.kinds(small) == Self.parts)
    let split = try #require(small?.nodes.first { $0.opType == "Split" })
    #expect(split.inputs.count == (opset < 13 ? 1 : 2))
  }

  @Test func blocksThatASplitPicks() throws {
    var s = ShapeSketch(24)
    let parts = s.sketch.nodes("Split", [Self.stack(&s), s.ints([1, 1, 1])], results: 3, ["axis": .int(0)])
    for part in parts { s.sketch.output(s.sketch.node("Squeeze", [part, s.ints([0])])) }
    #expect(try Self.kinds(Self.split(s)) == Self.parts)
  }

  @Test func blocksThatSlicesPick() throws {
    var s = ShapeSketch(24)
    let stack = Self.stack(&s)
    for (from, to) in [(0, 1), (-2, -1), (2, 1000)] as [(Int64, Int64)] {
      let part = s.sketch.node("Slice", [stack, s.ints([from]), s.ints([to]), s.ints([0])])
      s.sketch.output(s.sketch.node("Squeeze", [part, s.ints([-5])]))
    }
    #expect(try Self.kinds(Self.split(s)) == Self.parts)
  }

  /// torch.nn.MultiheadAttention: the blocks are in form as soon as they are cut out.
  @Test func blocksThatAreOnlyCutOut() throws {
    var s = ShapeSketch(24)
    let stack = s.sketch.node("Reshape", [s.sketch.relu(s.x), s.ints([0, 0, 3, 8])])
    let more = s.sketch.node("Unsqueeze", [stack, s.ints([0])])
    let moved = s.sketch.node("Transpose", [more], ["perm": .ints([3, 1, 2, 0, 4])])
    let squeezed = s.sketch.node("Squeeze", [moved, s.ints([-2])])
    for index: Int64 in 0..<3 { s.sketch.output(Self.gather(&s, squeezed, index)) }
    #expect(try Self.kinds(Self.split(s)) == ["Split"])
  }

  /// The axis that counts blocks need not come first, and zeros behind it must still copy the same size.
  @Test func blocksInFrontOfAnOpenAxis() throws {
    var s = ShapeSketch(24)
    let first = s.sketch.node("Transpose", [s.x], ["perm": .ints([0, 2, 1])])
    let stack = s.sketch.node("Reshape", [first, s.ints([0, 2, 12, -1])])
    for index: Int64 in 0..<2 { s.sketch.output(Self.gather(&s, stack, index, axis: 1)) }
    #expect(try Self.kinds(Self.split(s)) == ["Transpose", "Split"])
  }

  @Test func whatElseReadsTheStackKeepsIt() throws {
    for other in 0..<5 {
      var s = ShapeSketch(24)
      let stack = Self.stack(&s)
      for index: Int64 in 0..<(other == 0 ? 2 : 3) { s.sketch.output(Self.gather(&s, stack, index)) }
      switch other {
      case 1: s.sketch.output(s.sketch.relu(stack))
      case 2: s.sketch.output(stack)
      case 3: s.sketch.output(Self.gather(&s, stack, 1))
      case 4: s.sketch.output(Self.gather(&s, stack, 0, axis: 2))
      default: break
      }
      #expect(try Self.split(s) == nil, "\(other)")
    }
  }

  /// Heads × 3 × width: the blocks do not stand one behind the other.
  @Test func blocksThatLieInterleavedStay() throws {
    var s = ShapeSketch(24)
    let stack = s.sketch.node("Reshape", [s.x, s.ints([0, 0, 2, 3, 4])])
    for index: Int64 in 0..<3 { s.sketch.output(Self.gather(&s, stack, index, axis: 3)) }
    #expect(try Self.split(s) == nil)
  }

  /// An axis that holds as many elements as all blocks for one size only.
  @Test func blocksOfAnOpenSizeStay() throws {
    var s = ShapeSketch(24)
    let first = s.sketch.node("Transpose", [s.x], ["perm": .ints([2, 0, 1])])
    let stack = s.sketch.node("Reshape", [first, s.ints([24, 2, -1])])
    for index: Int64 in 0..<2 { s.sketch.output(Self.gather(&s, stack, index, axis: 1)) }
    #expect(try Self.split(s) == nil)
  }
}
