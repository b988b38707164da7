import ShrinkGraph
@testable import ShrinkVerify
import Testing

@testable import ShrinkReport

@Suite struct ReportJSONTests {
  @Test func keysAreSortedAndStable() throws {
    let text = try ReportJSON.text(try madeUpReport())
    let keys = text.split(separator: "\n").filter { $0.hasPrefix("  \"") }.compactMap {
      $0.split(separator: "\"").dropFirst().first
    }
    #expect(
      keys == [
        "attempts", "expected_error", "groups", "input", "left_alone", "output", "plan", "samples", "settings", "tool",
        "verdict", "warnings",
      ])
    #expect(text == (try ReportJSON.text(try madeUpReport())))
  }

  @Test func verdictsSurviveTheRoundTrip() throws {
    var verdict = madeUpVerdict(error: .infinity)
    verdict.outputs[0].decibels = -.infinity
    let text = try ReportJSON.text(verdict)
    #expect(text.contains(#""inf""#))
    #expect(try ReportJSON.read(Verdict.self, text) == verdict)
  }

  @Test func otherTextIsRefused() {
    #expect(throws: ShrinkError.self) { try ReportJSON.read(Verdict.self, "{}") }
  }
}
