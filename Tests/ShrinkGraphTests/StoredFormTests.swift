import Testing

@testable import ShrinkGraph

@Suite struct StoredFormTests {
  @Test func cutsAddUp() {
    var form = StoredForm(body: Graph(), result: Tensor(shape: [5, 2], repeating: Float(0)))
    form.keep([0, 2, 4], axis: 0)
    form.keep([1, 2], axis: 0)
    #expect(form.kept == [[2, 4], nil])
  }

  @Test func aGraphIsIncludedOnce() throws {
    let shared = Tensor(Float(2))
    var body = Graph()
    let weight = body.addValue(named: "w", constant: shared)
    body.outputs = [body.addValue(named: "result")]
    body.nodes = [Node("Neg", inputs: [weight], outputs: [body.outputs[0]])]
    var graph = Graph()
    let own = graph.addValue(named: "w", constant: shared)
    let target = graph.addValue(named: "result")
    let first = graph.include(body, as: target)
    #expect(first.nodes[0].inputs == [own] && first.nodes[0].outputs == [target] && first.result == target)
    #expect(graph.values.count == 2)
    graph[own].constant = Tensor(Float(3))
    let second = graph.include(body)
    #expect(second.result.map { graph[$0].name } == "result_1")
    #expect(second.nodes[0].inputs[0].map { graph[$0].name } == "w_1")
    #expect(graph[own].constant == Tensor(Float(3)))
  }
}
