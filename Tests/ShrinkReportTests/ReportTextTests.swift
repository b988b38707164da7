@testable import ShrinkVerify
import ShrinkGraph
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
          10 outputs: fc
            graph output 'logits' shows them
          3 outputs: fc2
            graph output 'logits' shows them
        """)
  }

  @Test func nothingShrunkIsSaid() throws {
    let lines = ReportText.lines(try madeUpReport(shrunk: false))
    #expect(lines.contains("nothing could be removed: the network is the original, simplified"))
  }

  @Test func weightsOfOneKindStandTogether() throws {
    var report = try madeUpReport()
    #expect(!ReportText.lines(report).contains("stored weights that were fitted"))
    report.weightForms = ["a", "b", "c", "d"].map {
      WeightForm(weight: $0, stored: "int8", through: ["DequantizeLinear", "Transpose"], written: "int8, rounded")
    }
    report.weightForms.insert(
      WeightForm(weight: "bias", stored: "int32", through: ["DequantizeLinear"], written: "float32"), at: 1)
    #expect(
      ReportText.weightForms(report.weightForms) == [
        "stored weights that were fitted",
        "  a, b, c + 1: int8 through DequantizeLinear, Transpose -> int8, rounded",
        "  bias: int32 through DequantizeLinear -> float32",
      ])
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
}
