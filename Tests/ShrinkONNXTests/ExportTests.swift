import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct ExportTests {
  @Test func aGraphWithoutAFileIsWritten() throws {
    var graph = Graph(name: "made")
    let x = graph.addValue(named: "x", type: DeclaredType(.float32, [.symbol("N"), .known(2), .unknown]))
    let w = graph.addValue(named: "w", constant: Tensor(shape: [2], [1, 2] as [Float]))
    let y = graph.addValue(named: "y", type: DeclaredType(.float32, nil))
    graph.nodes = [
      Node(
        "Op", domain: "org.example", name: "op", inputs: [x, nil, w], outputs: [y],
        attributes: [
          Attribute("f", .float(1.5)), Attribute("i", .int(-2)), Attribute("s", .string([1, 2])),
          Attribute("t", .tensor(Tensor(shape: [1], [3] as [Int64]))), Attribute("fs", .floats([1, 2])),
          Attribute("is", .ints([3, 4])), Attribute("ss", .strings([[5], []])),
        ])
    ]
    graph.inputs = [x]
    graph.outputs = [y]
    graph.opsets = ["": 17, "org.example": 1]
    let bytes = try Export.bytes(Model(graph: graph))
    let back = try Import.model(bytes: bytes).graph
    #expect(back.opsets == graph.opsets)
    #expect(back.inputs.map { back[$0].type } == [graph[x].type])
    #expect(back.outputs.map { back[$0].type } == [graph[y].type])
    #expect(back.index()["w"].flatMap { back[$0].constant } == graph[w].constant)
    #expect(back.nodes.map { $0.inputs.map { $0 == nil } } == [[false, true, false]])
    #expect(back.nodes.flatMap { $0.attributes.map(\.name) } == ["f", "i", "s", "t", "fs", "is", "ss"])
    #expect(try Export.bytes(Import.model(bytes: bytes)) == bytes)
  }

  @Test(arguments: ["raw", "typed"]) func changedTensorsAreWritten(_ name: String) throws {
    var model = try Import.model(file: Fixtures.path("roundtrip/\(name).onnx"))
    let changes = [("FLOAT", Tensor(shape: [1, 2], [8, 9] as [Float])), ("UINT32", Tensor(7 as UInt32))]
    for (type, tensor) in changes {
      let id = try #require(model.graph.index()[type])
      model.graph[id].constant = tensor
    }
    let back = try Import.model(bytes: Export.bytes(model)).graph
    for (type, tensor) in changes { #expect(back.index()[type].flatMap { back[$0].constant } == tensor) }
  }

  @Test(arguments: ["value", "value_float", "value_ints", "sparse_value"])
  func aChangedConstantIsWrittenAsItsNode(_ form: String) throws {
    var model = try Import.model(file: Fixtures.path("roundtrip/constants.onnx"))
    let id = try #require(model.graph.index()["from_" + form])
    model.graph[id].constant = Tensor(shape: [2], [8, 9] as [Float])
    let back = try Import.model(bytes: Export.bytes(model)).graph
    #expect(back.index()["from_" + form].flatMap { back[$0].constant } == Tensor(shape: [2], [8, 9] as [Float]))
    #expect(back.nodes.filter(\.isConstant).count == 8)
  }

  @Test func aChangedShapeIsDeclared() throws {
    var model = try Import.model(file: Fixtures.path("roundtrip/odd.onnx"))
    let id = try #require(model.graph.index()["y"])
    model.graph[id].type = DeclaredType(.float32, [.symbol("N"), .known(3)])
    let back = try Import.model(bytes: Export.bytes(model)).graph
    #expect(back.index()["y"].flatMap { back[$0].type } == DeclaredType(.float32, [.symbol("N"), .known(3)]))
  }

  @Test func whatIsRemovedIsGone() throws {
    var model = try Import.model(file: Fixtures.path("demo.onnx"))
    let before = try Export.bytes(model).count
    let last = try #require(model.graph.nodes.indices.last)
    let read = try #require(model.graph.nodes[last].inputs.first ?? nil)
    model.graph.outputs = [read]
    model.graph.removeNodes([NodeID(last)])
    let bytes = try Export.bytes(model)
    #expect(bytes.count < before)
    #expect(try Import.model(bytes: bytes).graph.values.count == model.graph.values.count)
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let model = try Import.model(file: Fixtures.path("demo.onnx"))
    let error = #expect(throws: ShrinkError.self) { try Export.write(model, to: "not/there/out.onnx") }
    #expect(error?.code == .io)
    #expect(error?.file == "not/there/out.onnx")
  }
}
