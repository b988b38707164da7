import ShrinkGraph
import ShrinkReduce
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
        "verdict", "warnings", "weight_forms",
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

  @Test(arguments: [
    (Target.maxError(0.05), #""max_error" : 0.05"#), (.minAgreement(99), #""min_agreement" : 99"#),
    (.keepParams(0.25), #""keep_params" : 0.25"#), (.keepMacs(0.5), #""keep_macs" : 0.5"#),
    (.lossless, #""lossless" : true"#),
  ])
  func targetsAreANameAndANumber(_ target: Target, _ text: String) throws {
    #expect(try ReportJSON.text(target) == "{\n  \(text)\n}")
    #expect(try ReportJSON.read(Target.self, "{\(text)}") == target)
    #expect(throws: ShrinkError.self) { try ReportJSON.read(Target.self, "{}") }
  }

  @Test func otherTextIsRefused() {
    #expect(throws: ShrinkError.self) { try ReportJSON.read(Verdict.self, "{}") }
  }
}
