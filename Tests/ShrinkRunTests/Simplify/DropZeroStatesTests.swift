import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct DropZeroStatesTests {
  /// An LSTM over x of 3 steps × 2 samples × 2 numbers, whose state is a slice of what is filled with `value`.
  private static func graph(_ value: Float) -> Graph {
    var sketch = GraphSketch(seed: 4)
    let x = sketch.fixedInput([3, 2, 2])
    let shape = sketch.constant(Tensor(shape: [3], [2, 2, 3] as [Int64]))
    let filled = sketch.node("ConstantOfShape", [shape], ["value": .tensor(Tensor(shape: [1], [value]))])
    let bounds = [0, 1, 0].map { sketch.constant(Tensor(shape: [1], [Int64($0)])) }
    let state = sketch.node("Slice", [filled] + bounds)
    let own = sketch.constant(Tensor(shape: [1, 2, 3], repeating: Float(0.5)))
    let weights = [sketch.weight([1, 12, 2]), sketch.weight([1, 12, 3]), sketch.weight([1, 24])]
    let lengths = sketch.constant(Tensor(shape: [2], [3, 2] as [Int32]))
    let y = sketch.node("LSTM", [x] + weights + [lengths, state, own], ["hidden_size": .int(3)])
    sketch.output(y)
    return sketch.graph
  }

  @Test func zerosGo() throws {
    var graph = Self.graph(0)
    let x = Tensor(shape: [3, 2, 2], (0..<12).map { Float($0) / 6 - 1 })
    let input = try #require(graph.realInputs.first)
    let before = try Executor(graph).run([input: x])
    #expect(try DropZeroStates().apply(to: &graph))
    try graph.check()
    let node = try #require(graph.nodes.first { $0.opType == "LSTM" })
    #expect(node.inputs.count == 7 && node.inputs[5] == nil && node.inputs[6] != nil)
    #expect(try Executor(graph).run([input: x]) == before)
    #expect(try !DropZeroStates().apply(to: &graph))
  }

  @Test func otherStatesStay() throws {
    var graph = Self.graph(0.25)
    #expect(try !DropZeroStates().apply(to: &graph))
  }
}
