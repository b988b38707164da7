import COnnxProto
import ShrinkGraph
import Testing

@testable import ShrinkONNX

/// What damaged functions lead to; what whole ones do is compared with others in `Tests/python/test_functions.py`.
@Suite struct FunctionInlinerTests {
  /// A node with one operand and one result, unless more are given.
  private func node(_ op: String, _ inputs: [String] = ["a"], _ output: String = "b", domain: String = "f") -> [UInt8] {
    inputs.flatMap { Wire.message(1, $0) } + Wire.message(2, output) + Wire.message(4, op) + Wire.message(7, domain)
  }

  private func function(_ name: String, _ nodes: [[UInt8]], domain: String = "f") -> [UInt8] {
    Wire.message(
      25,
      Wire.message(1, name) + Wire.message(4, "a") + Wire.message(5, "b") + nodes.flatMap { Wire.message(7, $0) }
        + Wire.message(10, domain))
  }

  /// A model that reads 'a' and computes 'b' by these nodes.
  private func model(_ nodes: [[UInt8]], _ functions: [[UInt8]]) throws -> Model {
    let graph =
      nodes.flatMap { Wire.message(1, $0) } + Wire.message(11, Wire.message(1, "a"))
      + Wire.message(12, Wire.message(1, "b"))
    return try Import.model(bytes: Wire.model(graph: graph) + functions.flatMap(\.self))
  }

  private func fact(_ nodes: [[UInt8]], _ functions: [[UInt8]]) -> String {
    do throws(any Error) {
      _ = try model(nodes, functions)
      return "none"
    } catch let error as ShrinkError {
      return error.code == .malformedModel ? error.fact : "another error: \(error)"
    } catch { return "\(error)" }
  }

  @Test func callsAreReplaced() throws {
    let twice = function("Twice", [node("Neg", ["a"], "t", domain: ""), node("Abs", ["t"], domain: "")])
    let read = try model([node("Twice", ["a"], "t"), node("Twice", ["t"])], [twice, function("Unused", [])])
    let graph = read.graph
    #expect(graph.nodes.map(\.opType) == ["Neg", "Abs", "Neg", "Abs"])
    #expect(Set(graph.values.map(\.name)).count == graph.values.count)
    #expect(graph.opsets == ["": 17])
    let written = try Import.model(bytes: Export.bytes(read))
    #expect(written.graph.nodes.count == 4)
    #expect(written.carry.count < 8)
  }

  @Test func withoutCallsNothingChanges() throws {
    let read = try model([node("Neg", domain: "")], [function("Unused", [node("Abs", domain: "")])])
    #expect(read.graph.nodes.map(\.opType) == ["Neg"])
    #expect(read.carry.count > 20)
  }

  @Test func operatorsOfRuntimesGoFirst() throws {
    let own = function("Relu", [node("Neg", domain: "")], domain: "ai.onnx")
    #expect(try model([node("Relu", domain: "")], [own]).graph.nodes.map(\.opType) == ["Relu"])
  }

  @Test func whatCannotBeIsRefused() {
    let circle = [function("A", [node("B")]), function("B", [node("A")])]
    #expect(fact([node("A")], circle) == "it calls itself")
    #expect(fact([node("A")], [circle[0], circle[0]]) == "it is defined more than once")
    #expect(fact([node("A", ["a", "a"])], [function("A", [])]).contains("a call of it 2 and 1"))
    #expect(fact([node("A")], [function("A", [])]).contains("which nothing computes"))
  }

  @Test func growthIsLimited() throws {
    let last = function("F30", [node("Neg", domain: "")])
    let doubling = (0..<30).map { i in
      function("F\(i)", [node("F\(i + 1)", ["a"], "t"), node("F\(i + 1)", ["t"])])
    }
    #expect(growth([node("F0")], doubling + [last]).contains("more than 1000 nodes"))
    let chain = (0..<200).map { i in function("F\(i)", [node("F\(i + 1)")]) }
    #expect(fact([node("F0")], chain + [function("F200", [node("Neg", domain: "")])]).contains("nested more than"))
  }

  /// What is wrong with functions that may come to 1000 nodes.
  private func growth(_ nodes: [[UInt8]], _ functions: [[UInt8]]) -> String {
    let bytes = Wire.message(7, nodes.flatMap { Wire.message(1, $0) }) + functions.flatMap(\.self)
    let arena = Arena()
    guard let message = bytes.withUnsafeBufferPointer({ arena.unpack(Onnx__ModelProto.self, $0) }) else { return "" }
    let external = ExternalData(folder: nil)
    let tensors = TensorReader(file: UnsafeRawBufferPointer(start: nil, count: 0), external: external)
    var inliner = FunctionInliner(
      arena: arena, tensors: tensors, embedder: Embedder(external: external), mostNodes: 1000)
    do throws(ShrinkError) { try inliner.expand(message) } catch { return error.fact }
    return "none"
  }

  /// An If whose branches are both the graph that a function is called with.
  private var choice: [UInt8] {
    node("If", ["a"], "b", domain: "") + branches
  }

  private var branches: [UInt8] {
    ["then_branch", "else_branch"].flatMap { name in
      Wire.message(5, Wire.message(1, name) + Wire.number(20, 5) + Wire.message(21, "g"))
    }
  }

  /// A node that is called with a graph of one node.
  private func call(_ op: String, with inner: [UInt8]) -> [UInt8] {
    let graph = Wire.message(1, inner) + Wire.message(2, "g") + Wire.message(12, Wire.message(1, "inner"))
    return node(op) + Wire.message(5, Wire.message(1, "g") + Wire.number(20, 5) + Wire.message(6, graph))
  }

  @Test func graphsThatAreNamedTwiceAreTwo() throws {
    let read = try model([call("Both", with: node("Neg", ["a"], "inner", domain: ""))], [function("Both", [choice])])
    let branches = try #require(read.graph.nodes.first).attributes
    #expect(branches.map(\.name) == ["then_branch", "else_branch"])
    let copies = try Import.model(bytes: try Export.bytes(read)).graph.nodes
    #expect(copies.map(\.opType) == ["If"])
  }

  /// Graphs grow as nodes do: twice as large with every function that hands them on.
  @Test(.timeLimit(.minutes(1))) func growthOfGraphsIsLimited() {
    let doubling = (1..<40).map { i in
      function("F\(i)", [call("F\(i - 1)", with: node("If", ["a"], "inner", domain: "") + branches)])
    }
    let functions = [function("F0", [choice])] + doubling
    #expect(growth([call("F39", with: node("Neg", ["a"], "inner", domain: ""))], functions).contains("1000 nodes"))
  }

  @Test func freshNamesAreFoundAtOnce() {
    var names = FreshNames()
    let found = (0..<100_000).map { _ in names.fresh("t") }
    #expect(found.prefix(3) == ["t", "t_1", "t_2"] && Set(found).count == found.count)
  }
}
