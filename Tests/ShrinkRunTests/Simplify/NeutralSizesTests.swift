import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct NeutralSizesTests {
  /// What the shape that the only node of a kind reads holds for 2 × 5: numbers where no input changes them.
  private func elements(_ graph: Graph, _ type: String, slot: Int) throws -> [ElementOrigin]? {
    let x = try #require(graph.realInputs.first)
    let features = try #require(graph[x].type?.dims?.last?.size)
    let types = try Inference(graph, inputs: [x: TensorType(.float32, [2, 5, features])]).types
    let node = try #require(graph.nodes.first { $0.opType == type })
    let target = try #require(node.inputs[slot])
    return try ElementOrigins(graph, types: types)[target]
  }

  private func size(_ graph: Graph, _ axis: Int) throws -> ElementOrigin {
    let x = try #require(graph.realInputs.first)
    return .size(AxisPlace(x, axis))
  }

  @Test func expandedStatesSayOne() throws {
    var s = ShapeSketch()
    let target = s.joined([s.ints([1]), s.size(0), s.ints([12])])
    s.sketch.output(s.sketch.node("Expand", [s.sketch.weight([1, 1, 12]), target]))
    let (small, changed) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(changed)
    #expect(try elements(small, "Expand", slot: 1) == [.constant(1), size(small, 0), .constant(1)])
    var again = small
    let x = try #require(small.inputs.first)
    let types = try Inference(small, inputs: [x: TensorType(.float32, [2, 5, 12])]).types
    #expect(try !FixTargets().apply(to: &again, types: types))
  }

  @Test func whatIsRepeatedStays() throws {
    var s = ShapeSketch()
    let target = s.joined([s.size(0), s.ints([3, 12])])
    let mean = s.sketch.node("ReduceMean", [s.x], ["axes": .ints([0, 1])])
    s.sketch.output(s.sketch.node("Expand", [mean, target]))
    let (small, _) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(try elements(small, "Expand", slot: 1) == [size(small, 0), .constant(3), .constant(1)])
  }

  @Test(arguments: [0, 0.5] as [Float])
  func filledShapesBecomeConstants(_ fill: Float) throws {
    var s = ShapeSketch()
    let target = s.joined([s.ints([2]), s.size(0), s.ints([12])])
    let state = s.sketch.node("ConstantOfShape", [target], ["value": .tensor(Tensor(shape: [1], [fill]))])
    s.sketch.output(state)
    let (small, changed) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(changed && !small.nodes.contains { $0.opType == "ConstantOfShape" })
    #expect(try elements(small, "Expand", slot: 1) == [.constant(1), size(small, 0), .constant(1)])
    let expand = try #require(small.nodes.first { $0.opType == "Expand" })
    #expect(expand.inputs[0].flatMap { small[$0].constant } == Tensor(shape: [2, 1, 12], repeating: fill))
  }

  @Test func reshapeGetsItsNumbersInAConstant() throws {
    var s = ShapeSketch()
    let rows = s.sketch.node("Reshape", [s.x, s.ints([-1, 12])])
    let heads = s.joined([s.size(0), s.size(1), s.ints([3, 4])])
    s.sketch.output(s.sketch.node("Reshape", [s.sketch.relu(rows), heads]))
    let (small, changed) = try ShapeSketch.fixed(s.sketch.graph)
    let choice = try #require(small.nodes.first { $0.opType == "Where" })
    let numbers = choice.inputs[1].flatMap { small[$0].constant?.integers }
    #expect(changed && numbers == [1, 1, 3, 4])
    var again = small
    let x = try #require(small.inputs.first)
    let types = try Inference(small, inputs: [x: TensorType(.float32, [2, 5, 12])]).types
    #expect(try FixTargets().apply(to: &again, types: types) == false)
  }

  /// What is computed in a way that is not followed is left for the axis.
  @Test func oneSizeOfUnknownOriginIsLeftOver() throws {
    var s = ShapeSketch()
    let pair = s.sketch.node("Mul", [s.size(0), s.ints([3])])
    let target = s.joined([pair, s.size(1), s.ints([4])])
    s.sketch.output(s.sketch.node("Reshape", [s.sketch.node("Reshape", [s.x, s.ints([-1])]), target]))
    let (small, _) = try ShapeSketch.fixed(s.sketch.graph)
    let choice = try #require(small.nodes.first { $0.opType == "Where" })
    #expect(choice.inputs[1].flatMap { small[$0].constant?.integers }?.first == -1)
  }

  @Test func largeFilledShapesStay() throws {
    var s = ShapeSketch()
    s.sketch.output(s.sketch.node("ConstantOfShape", [s.joined([s.size(0), s.ints([300, 100])])]))
    #expect(try ShapeSketch.fixed(s.sketch.graph).1 == false)
  }

  @Test func resizeTakesTheSizeOfItsOperand() throws {
    var s = ShapeSketch()
    let double = s.sketch.node("Mul", [s.size(1), s.ints([2])])
    let sizes = s.joined([s.size(0), double, s.ints([12])])
    let attributes: [String: Attribute.Value] = ["mode": .string(Array("nearest".utf8))]
    s.sketch.output(s.sketch.node("Resize", [s.sketch.relu(s.x), nil, nil, sizes], attributes))
    let (small, changed) = try ShapeSketch.fixed(s.sketch.graph)
    #expect(changed)
    let found = try elements(small, "Resize", slot: 3)
    let node = try #require(small.nodes.first { $0.opType == "Resize" })
    let data = try #require(node.inputs[0])
    #expect(found == [.size(AxisPlace(data, 0)), .other, .size(AxisPlace(data, 2))])
  }
}
