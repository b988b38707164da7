import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct MemoryPlanTests {
  private let graph = toyGraph(
    ["one": Tensor(Float(1))], outputs: ["c"],
    [
      .init("Relu", ["x"], ["a"]), .init("Add", ["a", "one"], ["b"]), .init("Relu", ["a"], ["unread"]),
      .init("Add", ["a", "b"], ["c"]),
    ])

  @Test func valuesGoAfterTheirLastReader() throws {
    let executor = try Executor(graph, make: Toys.make)
    let names = executor.plan.releases.map { $0.map { graph[$0].name } }
    #expect(names == [["x"], [], ["a", "b"]])
    let all = MemoryPlan(graph, steps: graph.nodes.indices.map { NodeID($0) }, wanted: [try graph.value("c")])
    #expect(all.releases.map { $0.map { graph[$0].name } } == [["x"], [], ["unread"], ["a", "b"]])
  }

  @Test func wantedValuesStay() throws {
    let executor = try Executor(graph, wanted: ["a", "c", "x"].map { try graph.value($0) }, make: Toys.make)
    #expect(executor.plan.releases.flatMap(\.self).map { graph[$0].name } == ["b"])
  }

  @Test func peakIsTheLargestSumAlive() throws {
    let executor = try Executor(graph, make: Toys.make)
    let types = try Inference(
      graph, inputs: [graph.value("x"): TensorType(.float32, [10, 4])], make: Toys.make
    ).types
    #expect(executor.plan.peakBytes(types: types) == 3 * 160)
    #expect(executor.plan.peakBytes(types: types.map { _ in nil }) == nil)
  }
}
