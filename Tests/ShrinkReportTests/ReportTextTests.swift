@testable import ShrinkVerify
import Testing

@testable import ShrinkReport

@Suite struct ReportTextTests {
  @Test func summary() throws {
    #expect(
      ReportText.lines(try madeUpReport()).joined(separator: "\n") == """
        in.onnx -> out.onnx

                                   before      after    kept
          parameters            1,234,567    308,641  25.0 %
          multiply-accumulates     20,000      6,000  30.0 %
          bytes                 4,938,268  1,234,564  25.0 %
          nodes                        12         11  91.7 %
          top-1 accuracy          91.25 %    91.00 %
          relative error                      0.0478
          worst sample                        0.0956
          agreement                          98.50 %
          held out: 102 samples

        units kept
          conv1  32  ->  8
        left alone
          fc, 10 units; fc2, 3 units: graph output 'logits'
        """)
  }

  @Test func nothingShrunkIsSaid() throws {
    let lines = ReportText.lines(try madeUpReport(shrunk: false))
    #expect(lines.contains("nothing could be removed: the network is the original, simplified"))
  }

  @Test func comparison() {
    var verdict = madeUpVerdict(agreement: nil)
    verdict.accuracy = nil
    verdict.interface = ["the outputs a became b"]
    verdict.outputs[0].notFinite = Verdict.Pair(0, 3)
    let lines = ReportText.lines(verdict, original: "a.onnx", candidate: "b.onnx")
    #expect(
      lines.suffix(6).joined(separator: "\n") == """
        outputs
                   error  worst sample  max difference     SQNR  min cosine     allclose
          logits  0.0478        0.0956            0.25  26.4 dB    0.998100  12 of 1,020
          output 'logits': NaN or infinite in 0 elements of the original, 3 of the other
        interface: changed
          the outputs a became b
        """)
  }

  @Test func inventory() throws {
    let inventory = Inventory(
      file: "net.onnx", irVersion: 8, opsets: ["": 17], inputs: [Inventory.Port(name: "x", type: "float32 [N, 4]")],
      outputs: [Inventory.Port(name: "y", type: "float32 [N, 3]")], parameters: 67, macs: 56,
      operators: ["Gemm": 2, "Relu": 1],
      groups: [
        Inventory.Group(
          name: "first", units: 8, madeBy: ["first"], readBy: ["second"], passesThrough: ["Relu", "Relu"])
      ], leftAlone: [try pinned("second", 3, "graph output 'y'")], warnings: [])
    #expect(
      ReportText.lines(inventory).joined(separator: "\n") == """
        net.onnx
          input                 x: float32 [N, 4]
          output                y: float32 [N, 3]
          format                IR 8, opset 17
          parameters            67
          multiply-accumulates  56
          operators             Gemm × 2, Relu

        groups that can shrink
          group  units  made by  read by  passes through
          first      8  first    second   Relu × 2
        left alone
          second, 3 units: graph output 'y'
        """)
  }
}
