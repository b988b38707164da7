import ShrinkGraph
import Testing

@testable import ShrinkONNX

@Suite struct DeclarationTests {
  private func graph() throws -> Graph { try Import.model(file: Fixtures.path("roundtrip/odd.onnx")).graph }

  @Test(
    arguments: [
      ("x", DeclaredType(.float32, [.symbol("N"), .known(4)])), ("no_rank", DeclaredType(.int64, nil)),
      ("negative", DeclaredType(.float32, [.unknown, .known(2)])), ("map", nil), ("optional", nil), ("dropped", nil),
    ] as [(String, DeclaredType?)])
  func typesAreRead(_ name: String, _ type: DeclaredType?) throws {
    let graph = try graph()
    let id = try #require(graph.index()[name])
    #expect(graph[id].type == type)
  }

  @Test func whatIsNotChangedKeepsItsBytes() throws {
    let graph = try graph()
    let arena = Arena()
    for value in graph.values {
      if let carry = value.carry {
        #expect(pack(try Declaration.message(of: value, in: arena)) == carry, "\(value.name)")
      }
    }
  }

  @Test func aNewSizeLeavesTheRestAlone() throws {
    let dim = Wire.message(1, Wire.number(1, 4) + Wire.message(3, "DATA_CHANNEL"))
    let type = Wire.message(1, Wire.number(1, 1) + Wire.message(2, dim + Wire.message(1, Wire.message(2, "N"))))
    let carry = Wire.message(1, "v") + Wire.message(2, type + Wire.message(6, "TENSOR")) + Wire.message(3, "about v")
    let value = Value("v", type: DeclaredType(.float32, [.known(3), .symbol("N")]), carry: carry)
    let arena = Arena()
    let written = pack(try Declaration.message(of: value, in: arena))
    #expect(written.count == carry.count)
    #expect(zip(written, carry).filter { $0 != $1 }.map { [$0.0, $0.1] } == [[3, 4]])
  }

  @Test func anInteriorTypeThatIsTakenAwayIsNotWritten() throws {
    let relu = Wire.message(1, Wire.message(1, "x") + Wire.message(2, "v") + Wire.message(4, "Relu"))
    let type = Wire.message(2, Wire.message(1, Wire.number(1, 1)))
    let input = Wire.message(11, Wire.message(1, "x") + type)
    let inner = Wire.message(13, Wire.message(1, "v") + type)
    var model = try Import.model(bytes: Wire.model(graph: relu + input + inner))
    let id = try #require(model.graph.index()["v"])
    #expect(model.graph[id].type == DeclaredType(.float32, nil))
    model.graph[id].type = nil
    let written = try Export.bytes(model)
    #expect(try written == Export.bytes(Import.model(bytes: Wire.model(graph: relu + input))))
  }
}
