import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct InferenceTests {
  private func infer(_ graph: Graph, _ shape: [Int] = [3, 4]) throws -> Inference {
    try Inference(graph, inputs: [graph.value("x"): TensorType(.float32, shape)], make: Toys.make)
  }

  @Test func followsTheRules() throws {
    let graph = toyGraph(
      ["w": Tensor(shape: [4, 2], [Float](repeating: 1, count: 8))], outputs: ["y"],
      [.init("Gemm", ["x", "w"], ["h"]), .init("Relu", ["h"], ["y"])])
    let inference = try infer(graph)
    #expect(try inference[graph.value("y")] == TensorType(.float32, [3, 2]))
    #expect(try inference[graph.value("y")]?.constant == nil)
    #expect(inference.diagnostics.isEmpty)
  }

  @Test func constantsAndShapesAreComputedAhead() throws {
    let graph = toyGraph(
      ["a": Tensor(shape: [2], [Float(1), 2]), "b": Tensor(shape: [2], [Float(3), 4])], outputs: ["y", "c"],
      [
        .init("Add", ["a", "b"], ["c"]), .init("Relu", ["x"], ["h"]), .init("Shape", ["h"], ["s"]),
        .init("Reshape", ["x", "s"], ["y"]),
      ])
    let inference = try infer(graph, [5, 4])
    #expect(try inference[graph.value("c")]?.constant == Tensor(shape: [2], [Float(4), 6]))
    #expect(try inference[graph.value("s")]?.constant == Tensor(shape: [2], [Int64(5), 4]))
    #expect(try inference[graph.value("y")]?.shape == [5, 4])
  }

  @Test func largeAndRandomResultsAreNotComputedAhead() throws {
    let large = Tensor(shape: [1 << 20, 2], repeating: Float(1))
    let graph = toyGraph(
      ["a": large, "b": Tensor(Float(1))], outputs: ["y", "z", "x"],
      [.init("Relu", ["a"], ["y"]), .init("RandomNormalLike", ["b"], ["z"])])
    let inference = try infer(graph)
    #expect(try inference[graph.value("y")] == TensorType(.float32, [1 << 20, 2]))
    #expect(try inference[graph.value("z")] == TensorType(.float32, []))
  }

  @Test func unknownOperatorsAreNamedOnce() throws {
    let graph = toyGraph(
      outputs: ["z", "r"],
      [.init("Mystery", ["x"], ["y"]), .init("Relu", ["y"], ["z"]), .init("Relu", ["x"], ["r"])])
    let inference = try infer(graph)
    #expect(try inference[graph.value("z")] == nil)
    #expect(try inference[graph.value("r")] != nil)
    #expect(
      inference.diagnostics == [Diagnostic(place: "node 'mystery' (Mystery)", fact: "no kernel for this operator")])
  }

  @Test func refusalsAndLiesNameTheNode() throws {
    let refused = toyGraph(
      ["w": Tensor(shape: [9], repeating: Float(0))], outputs: ["y"], [.init("Add", ["x", "w"], ["y"])])
    let error = #expect(throws: ShrinkError.self) { try infer(refused) }
    #expect(error?.place == "node 'add' (Add)" && error?.code == .malformedModel)
    let lies = toyGraph(["w": Tensor(Float(0))], outputs: ["y", "x"], [.init("Liar", ["w"], ["y"])])
    #expect(#expect(throws: ShrinkError.self) { try infer(lies) }?.code == .internal)
  }
}
