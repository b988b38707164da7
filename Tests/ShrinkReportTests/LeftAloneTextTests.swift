import Testing

@testable import ShrinkReduce
@testable import ShrinkReport

@Suite struct LeftAloneTextTests {
  private func norm(_ name: String) -> PinReason {
    PinReason(.operator, by: "LayerNormalization", name: name, "normalises over all of them")
  }

  @Test func likeStreamsAreOneEntry() {
    let list = (1...3).map { n in
      pinned(["proj\(n)", "mlp\(n)"], 96, kind: "channels", [norm("norm\(n)"), norm("norm\(n)b")])
    }
    #expect(
      ReportText.leftAlone(list + [pinned(["fc"], 10, [shown("y")])]).joined(separator: "\n") == """
        left alone
          96 channels, 3 times: proj1, mlp1, proj2 and 3 more
            LayerNormalization normalises over all of them, 6 times: norm1, norm1b and 4 more
          10 outputs: fc
            graph output 'y' shows them
        """)
  }

  @Test func sizesAreSaid() {
    let alone = PinReason(.single, "it is the only one")
    let list = [
      pinned(["a"], 4, of: 12, kind: "channels", [norm("n")]), pinned(["b"], 1, kind: "channels with a gate", [alone]),
      PinnedUnits(
        kind: "hidden units", units: nil, of: nil, tensor: nil, axis: nil, madeBy: ["c"], reasons: [norm("n")]),
    ]
    #expect(
      ReportText.leftAlone(list).joined(separator: "\n") == """
        left alone
          4 of 12 channels: a
            LayerNormalization 'n' normalises over all of them
          1 channel with a gate: b
            it is the only one
          hidden units: c
            LayerNormalization 'n' normalises over all of them
        """)
  }

  @Test func manyAreCounted() {
    let list = (1...20).map { pinned(["fc\($0)"], $0, [shown("y")]) }
    #expect(ReportText.leftAlone(list).last == "  and 8 more" && ReportText.leftAlone(list, most: .max).count == 41)
    let reasons = (1...5).map { PinReason(.operator, by: "Op\($0)", name: "n", "needs all of them") }
    #expect(ReportText.leftAlone([pinned(["fc"], 2, reasons)]).last == "    and 2 more reasons")
    #expect(ReportText.leftAlone([]).isEmpty)
  }
}
