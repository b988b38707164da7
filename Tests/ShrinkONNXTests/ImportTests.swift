import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct ImportTests {
  @Test func readsAGraph() throws {
    let graph = try Import.model(file: Fixtures.path("two_layers.onnx")).graph
    #expect(graph.nodes.map(\.opType) == ["Gemm", "Relu", "Gemm"])
    #expect(graph.inputs.map { graph[$0].name } == ["x"])
    #expect(graph.outputs.map { graph[$0].name } == ["y"])
    #expect(graph.inputs.compactMap { graph[$0].type?.dims?.last } == [.known(4)])
    let weight = try #require(graph.index()["first.weight"])
    #expect(graph[weight].constant?.dtype == .float32)
    #expect(graph[weight].constantForm == .initializer)
  }

  @Test func initialisersAmongTheInputsAreConstants() throws {
    let graph = try Import.model(file: Fixtures.path("ir3.onnx")).graph
    #expect(graph.inputs.count > 1)
    #expect(graph.realInputs.map { graph[$0].name } == ["x"])
  }

  @Test func constantNodesStayAndTheirValuesAreConstant() throws {
    let graph = try Import.model(file: Fixtures.path("roundtrip/constants.onnx")).graph
    let index = graph.index()
    func constant(_ name: String) -> Tensor? { index["from_" + name].flatMap { graph[$0].constant } }
    #expect(constant("value") == Tensor(shape: [4], [0, 1, 2, 3] as [Float]))
    #expect(constant("value_float") == Tensor(0.5 as Float))
    #expect(constant("value_int") == Tensor(-3 as Int64))
    #expect(constant("value_floats") == Tensor(shape: [2], [1, 2] as [Float]))
    #expect(constant("value_ints") == Tensor(shape: [3], [4, 5, 6] as [Int64]))
    #expect(constant("sparse_value") == Tensor(shape: [2, 3], [0, 1.5, 0, 0, 0, 2.5] as [Float]))
    #expect(constant("value_string") == nil)
    #expect(graph.nodes.filter(\.isConstant).count == 8)
    #expect(graph.values.filter { $0.constantForm == .constantNode }.count == 6)
    let clip = try #require(graph.nodes.first { $0.opType == "Clip" })
    #expect(clip.inputs.map { $0 == nil } == [false, true, false])
  }

  @Test func subgraphsSayWhatTheyRead() throws {
    let graph = try Import.model(file: Fixtures.path("roundtrip/control_flow.onnx")).graph
    let node = try #require(graph.nodes.first { $0.opType == "If" })
    #expect(Set(node.captures) == ["x", "w", "flag"])
    for attribute in node.attributes {
      guard case .graphs(let bodies, _) = attribute.value else { continue }
      #expect(bodies.count == 1 && bodies.allSatisfy { !$0.outputs.isEmpty && $0.opsets == graph.opsets })
    }
  }

  /// A node of a branch that comes to stand around it is written with the graphs that it holds itself.
  @Test func graphsInsideGraphsAreWritten() throws {
    func branches(_ graph: [UInt8]) -> [UInt8] {
      ["then_branch", "else_branch"].flatMap { name in
        Wire.message(5, Wire.message(1, name) + Wire.number(20, 5) + Wire.message(6, graph))
      }
    }
    func choice(_ branch: [UInt8]) -> [UInt8] {
      let node = Wire.message(1, "c") + Wire.message(2, "y") + Wire.message(4, "If") + branches(branch)
      return Wire.message(1, node) + Wire.message(12, Wire.message(1, "y"))
    }
    let relu = Wire.message(1, "x") + Wire.message(2, "z") + Wire.message(4, "Relu")
    let inputs = Wire.message(11, Wire.message(1, "x")) + Wire.message(11, Wire.message(1, "c"))
    let innermost = Wire.message(1, relu) + Wire.message(12, Wire.message(1, "z"))
    var model = try Import.model(bytes: Wire.model(graph: choice(choice(innermost)) + inputs))
    func body(_ graph: Graph) -> Graph? {
      guard case .graphs(let bodies, _) = graph.nodes.first?.attributes.first?.value else { return nil }
      return bodies.first
    }
    let branch = try #require(body(model.graph))
    model.graph.nodes[0].attributes = branch.nodes[0].attributes
    let back = try Import.model(bytes: Export.bytes(model)).graph
    #expect(body(back)?.nodes.map(\.opType) == ["Relu"])
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: ShrinkError.self) { try Import.model(file: "not/there.onnx") }
    #expect(error?.code == .io)
    #expect(error?.file == "not/there.onnx")
    #expect(error?.fact == "the file cannot be opened: No such file or directory")
  }

  @Test func aFolderIsNoModel() {
    let error = #expect(throws: ShrinkError.self) { try Import.model(file: Fixtures.models.path) }
    #expect(error?.fact == "this is not a file")
  }

  @Test(arguments: [
    ("empty", "", "the file is empty"), ("cycle", "node 'first' (", "the graph has a cycle"),
    ("missing_initializer", "node 'second' (Gemm)", "reads 'second.weight', which nothing computes"),
    ("text", "byte ", ""), ("truncated", "byte ", "a field runs past the end"),
  ]) func faultyModelsAreExplained(_ name: String, _ place: String, _ fact: String) {
    let path = Fixtures.path(name + ".onnx")
    let error = #expect(throws: ShrinkError.self) { try Import.model(file: path) }
    #expect(error?.code == .malformedModel)
    #expect(error?.file == path)
    #expect(error?.place?.hasPrefix(place) ?? place.isEmpty, "\(String(describing: error))")
    #expect(error?.fact.hasPrefix(fact) == true, "\(String(describing: error))")
    #expect(error?.hint != nil)
  }

  @Test func namesAreGivenOnce() {
    let tensor = Wire.message(8, "w") + Wire.number(2, 1) + Wire.message(9, [0, 0, 0, 0])
    let tensors = Wire.message(5, tensor) + Wire.message(5, tensor)
    #expect(importError(Wire.model(graph: Wire.number(1, 1) + tensors)) != nil)
    #expect(importError(Wire.model(graph: tensors))?.place == "initialiser 'w'")
    let input = Wire.message(11, Wire.message(1, "x"))
    #expect(importError(Wire.model(graph: input + input))?.fact == "it is given more than once")
    let node = Wire.message(1, Wire.message(1, "x") + Wire.message(2, "y") + Wire.message(4, "Relu"))
    #expect(importError(Wire.model(graph: input + node + node))?.fact.contains("'y' is computed") == true)
  }

  @Test func emptyNamesAreRefused() {
    #expect(importError(Wire.model(graph: Wire.message(5, Wire.number(2, 1))))?.fact == "it has no name")
    #expect(importError(Wire.model(graph: Wire.message(11, [])))?.fact == "it has no name")
    #expect(importError(Wire.model(graph: Wire.message(1, [])))?.fact == "it names no operator")
  }

  @Test func textMustBeUTF8() {
    let bad = Wire.message(11, Wire.message(1, [0xFF, 0xFE] as [UInt8]))
    #expect(importError(Wire.model(graph: bad))?.fact.hasPrefix("a text is not UTF-8") == true)
  }

  @Test func capturesMustExist() {
    let inner = Wire.message(1, Wire.message(1, "nowhere") + Wire.message(2, "z") + Wire.message(4, "Relu"))
    let attribute = Wire.message(1, "body") + Wire.number(20, 5) + Wire.message(6, inner)
    let node = Wire.message(1, Wire.message(2, "y") + Wire.message(4, "If") + Wire.message(5, attribute))
    #expect(importError(Wire.model(graph: node))?.fact.contains("reads 'nowhere'") == true)
  }

  @Test func aGraphIsNeeded() {
    #expect(importError(Wire.number(1, 8))?.fact == "this is not an ONNX model: there is no graph in it")
  }
}
