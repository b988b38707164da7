import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct MergeConstantsTests {
  @Test func oneIsLeftOfEqualOnes() throws {
    let row = [1, 2, 3, 4] as [Float]
    var graph = toyGraph(
      [
        "a": Tensor(shape: [4], row), "b": Tensor(shape: [4], row), "c": Tensor(shape: [4], row),
        "other": Tensor(shape: [1, 4], row), "zero": Tensor(Float(0)), "minus": Tensor(-Float(0)),
      ], outputs: ["y"],
      [
        .init("Constant", [], ["b"]), .init("Add", ["x", "a"], ["p"]), .init("Add", ["p", "b"], ["q"]),
        .init("Add", ["q", "c"], ["r"]), .init("Add", ["r", "other"], ["s"]), .init("Add", ["s", "zero"], ["t"]),
        .init("Add", ["t", "minus"], ["y"]),
      ])
    graph[try graph.value("b")].constantForm = .constantNode
    #expect(try MergeConstants().apply(to: &graph))
    try graph.check()
    #expect(
      graph.texts == [
        "Add(x, a) -> p", "Add(p, a) -> q", "Add(q, a) -> r", "Add(r, other) -> s", "Add(s, zero) -> t",
        "Add(t, minus) -> y",
      ])
    #expect(try !MergeConstants().apply(to: &graph))
  }

  /// Files list nodes in the order in which they run: a Constant that is read earlier than before stands in front.
  @Test func whatStaysIsMadeBeforeItIsRead() throws {
    let row = Tensor(shape: [4], [1, 2, 3, 4] as [Float])
    var graph = toyGraph(
      ["a": row, "b": row, "other": Tensor(shape: [4], repeating: Float(2))], outputs: ["y"],
      [
        .init("Constant", [], ["b"]), .init("Add", ["x", "b"], ["p"]), .init("Constant", [], ["other"]),
        .init("Add", ["p", "other"], ["q"]), .init("Constant", [], ["a"]), .init("Add", ["q", "a"], ["y"]),
      ])
    for name in ["a", "b", "other"] { graph[try graph.value(name)].constantForm = .constantNode }
    #expect(try MergeConstants().apply(to: &graph))
    try graph.check()
    #expect(
      graph.texts == [
        "Constant() -> a", "Add(x, a) -> p", "Constant() -> other", "Add(p, other) -> q", "Add(q, a) -> y",
      ])
  }

  @Test func listedOnesStay() throws {
    let ones = Tensor(shape: [1, 4], repeating: Float(1))
    var graph = toyGraph(
      inputs: ["x", "v", "w"], ["v": ones, "w": ones, "a": ones], outputs: ["y"],
      [.init("Add", ["x", "v"], ["p"]), .init("Add", ["p", "w"], ["q"]), .init("Add", ["q", "a"], ["y"])])
    #expect(try MergeConstants().apply(to: &graph))
    try graph.check()
    #expect(graph.texts == ["Add(x, v) -> p", "Add(p, w) -> q", "Add(q, v) -> y"])
    #expect(graph.inputs.count == 3)
  }
}
