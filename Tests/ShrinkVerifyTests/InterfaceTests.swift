import ShrinkGraph
import Testing

@testable import ShrinkVerify

@Suite struct InterfaceTests {
  private func graph(input: String = "x", dims: [Dim] = [.symbol("N"), .known(4)]) -> Graph {
    Graph(
      nodes: [Node("Relu", inputs: [ValueID(0)], outputs: [ValueID(1)])],
      values: [Value(input, type: DeclaredType(.float32, dims)), Value("y", type: DeclaredType(.float32, dims))],
      inputs: [ValueID(0)], outputs: [ValueID(1)])
  }

  @Test func sameIsSame() { #expect(Interface.differences(graph(), graph()).isEmpty) }

  @Test func namesAndShapesAreToldApart() {
    #expect(Interface.differences(graph(), graph(input: "z")) == ["the inputs x became z"])
    #expect(
      Interface.differences(graph(), graph(dims: [.known(1), .known(4)])) == [
        "input 'x' was float32 [N, 4] and became float32 [1, 4]",
        "output 'y' was float32 [N, 4] and became float32 [1, 4]",
      ])
  }

  @Test func declarationsAsText() {
    #expect(Interface.text(nil) == "undeclared")
    #expect(Interface.text(DeclaredType(.int64, nil)) == "int64")
    #expect(Interface.text(DeclaredType(.int64, [.unknown])) == "int64 [?]")
  }
}
