import Testing

@testable import ShrinkReduce

@Suite struct GlobTests {
  @Test(arguments: [
    ("conv1.weight", "conv*", true), ("conv1.weight", "*.weight", true), ("conv1.weight", "conv?.weight", true),
    ("conv12.weight", "conv?.weight", false), ("a", "*", true), ("", "*", true), ("abc", "a*b", false),
    ("aXbXc", "a*b*c", true), ("abc", "", false),
  ])
  func matches(name: String, pattern: String, expected: Bool) { #expect(Glob.matches(name, pattern) == expected) }
}
