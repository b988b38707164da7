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
    #expect(Figures.some([], most: 2).isEmpty && Figures.some(["a", "b", "c"], most: 2) == ["a", "b", "c"])
    #expect(Figures.some(["a", "b", "c", "d"], most: 2) == ["a", "b and 2 more"])
    #expect(Figures.counted(["b", "a", "b"]) == ["b × 2", "a"])
  }

  @Test func longNamesKeepTheirEnds() {
    #expect(Figures.short("/a/b", longest: 4) == "/a/b")
    #expect(Figures.short("/model/layer.0/dense/MatMul", longest: 16) == "…/dense/MatMul")
    #expect(Figures.short("abcdefgh", longest: 4) == "…fgh")
  }

  @Test func singulars() {
    #expect(Figures.singular("hidden units of an MLP") == "hidden unit of an MLP" && Figures.singular("x") == "x")
  }

  @Test func linesAreBrokenBetweenItems() {
    let word = String(repeating: "w", count: 50)
    let lines = Figures.wrapped("head of", [word, word, word], indent: 2)
    #expect(lines == ["  head of \(word), \(word),", "      \(word)"])
    #expect(Figures.wrapped("alone", [], indent: 1) == [" alone"])
  }

  @Test func sharesOfNothingAreEmpty() {
    #expect(Figures.share(1, of: 0).isEmpty && Figures.share(1, of: 3) == "33.3 %")
  }

  @Test func tablesAlignAndCutLongCells() {
    var table = Table(.left, .right)
    table.add("a", "1")
    table.add(String(repeating: "b", count: 60), "22")
    let lines = table.lines()
    #expect(lines[1] == "…" + String(repeating: "b", count: 47) + "  22")
    #expect(lines[0].count == lines[1].count)
  }
}
