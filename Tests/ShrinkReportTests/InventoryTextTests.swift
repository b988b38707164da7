import ShrinkReduce
import Testing

@testable import ShrinkReport

@Suite struct InventoryTextTests {
  private func inventory(_ groups: [Inventory.Group], operators: [String: Int] = ["Gemm": 2, "Relu": 1]) -> Inventory {
    Inventory(
      file: "net.onnx", irVersion: 8, opsets: ["": 17], inputs: [Inventory.Port(name: "x", type: "float32 [N, 4]")],
      outputs: [Inventory.Port(name: "y", type: "float32 [N, 3]")], parameters: 67, macs: 56, operators: operators,
      groups: groups, leftAlone: [pinned(["second"], 3, [shown("y")])], warnings: [])
  }

  @Test func smallNetwork() {
    let first = Inventory.Group(
      name: "first", kind: "hidden units of an MLP", units: 8, parameters: 64, parameterShare: 95.5, madeBy: ["first"],
      passesThrough: ["Relu", "Relu"], readBy: ["second"])
    let heads = Inventory.Group(
      name: "q (heads)", kind: "attention heads", units: 4, outputsPerUnit: 16, parameters: 2, parameterShare: 3,
      madeBy: ["q"], passesThrough: [], readBy: ["second"], multipliedBy: ["scores"])
    #expect(
      ReportText.lines(inventory([first, heads])).joined(separator: "\n") == """
        net.onnx
          input                 x: float32 [N, 4]
          output                y: float32 [N, 3]
          format                IR 8, opset 17
          parameters            67
          multiply-accumulates  56
          operators             Gemm × 2, Relu

        groups that can shrink                                      parameters
          first                 8 hidden units of an MLP                95.5 %
              made by first; through Relu × 2; read by second
          q (heads)             4 attention heads, 16 outputs each       3.0 %
              made by q; multiplied with each other in scores; read by second
        left alone
          3 outputs: second
            graph output 'y' shows them
        """)
  }

  @Test func nothingToShrink() {
    let lines = ReportText.lines(inventory([]))
    #expect(lines.suffix(5).prefix(2) == ["groups that can shrink", "  none"])
  }

  /// Long names and many of them: every line keeps to the width, and what is left out is counted.
  @Test func linesKeepToTheWidth() {
    let names = (0..<40).map { "/model/encoder/layer.\($0)/attention/self/some/very/long/name/of/a/projection/MatMul" }
    let group = Inventory.Group(
      name: names[0] + " (heads)", kind: "places of query-key-value width", units: 1_234, outputsPerUnit: 1_234,
      parameters: 1, parameterShare: 100, madeBy: names, passesThrough: names, readBy: names, multipliedBy: names)
    let operators = Dictionary(uniqueKeysWithValues: (0..<40).map { ("LongNameOfAnOperator\($0)", 1_000) })
    let lines = ReportText.lines(inventory([group], operators: operators))
    #expect(lines.allSatisfy { $0.count <= 120 }, "\(lines.filter { $0.count > 120 })")
    #expect(lines.contains { $0.hasSuffix("and 37 more") } && lines.contains { $0.hasSuffix("and 32 more") })
  }
}
