import Testing

@testable import ShrinkReport

@Suite struct FiguresTests {
  @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")])
  func counts(number: Int, text: String) { #expect(Figures.count(number) == text) }

  @Test func errors() {
    #expect(Figures.error(nil) == "-" && Figures.error(0) == "0" && Figures.error(.infinity) == "not finite")
    #expect(Figures.error(0.0123456) == "0.01235" && Figures.error(1.2e-9) == "1.2e-09")
  }

  @Test func lists() {
    #expect(
      Figures.list([]) == "-" && Figures.list(["a", "b"]) == "a, b" && Figures.list(["a", "b", "c"]) == "a, b + 1")
    #expect(Figures.counted(["b", "a", "b"]) == ["b × 2", "a"])
  }

  @Test func sharesOfNothingAreEmpty() {
    #expect(Figures.share(1, of: 0).isEmpty && Figures.share(1, of: 3) == "33.3 %")
  }

  @Test func tablesAlignAndCutLongCells() {
    var table = Table(.left, .right)
    table.add("a", "1")
    table.add(String(repeating: "b", count: 60), "22")
    let lines = table.lines()
    #expect(lines[1] == String(repeating: "b", count: 47) + "…  22")
    #expect(lines[0].count == lines[1].count)
  }
}
