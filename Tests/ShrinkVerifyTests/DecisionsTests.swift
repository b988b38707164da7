import Testing

@testable import ShrinkVerify

@Suite struct DecisionsTests {
  @Test func lastAxisForRankTwoAndThreeAxisOneForRankFour() {
    var two = Decisions()
    two.add([1, 2, 3, 4], [2, 1, 3, 4], shape: [2, 2], labels: nil)
    #expect(two.agreement == 50)
    var three = Decisions()
    three.add([1, 2, 3, 4, 5, 6], [1, 2, 4, 3, 5, 6], shape: [1, 3, 2], labels: nil)
    #expect(abs((three.agreement ?? 0) - 200 / 3) < 1e-9)
    var four = Decisions()
    // Two channels, two pixels: channel 1 wins in both, then channel 0 in the second.
    four.add([1, 2, 3, 4], [1, 5, 3, 4], shape: [1, 2, 1, 2], labels: nil)
    #expect(four.agreement == 50)
  }

  @Test func otherRanksAndSingleChoicesDecideNothing() {
    var decisions = Decisions()
    decisions.add([1, 2], [2, 1], shape: [2], labels: nil)
    decisions.add([1, 2], [2, 1], shape: [2, 1], labels: nil)
    decisions.add([], [], shape: [0, 3], labels: nil)
    #expect(decisions.agreement == nil && decisions.accuracy == nil)
  }

  @Test func labelsGiveAccuracy() {
    var decisions = Decisions()
    decisions.add([1, 2, 4, 3], [1, 2, 3, 4], shape: [2, 2], labels: [1, 0])
    #expect(decisions.accuracy == Verdict.Pair(100, 50))
    decisions.add([1, 2], [1, 2], shape: [1, 2], labels: [1, 0])
    #expect(decisions.accuracy == Verdict.Pair(100, 50), "labels of another count are no labels")
  }

  @Test func tiesAndNaNAreThoseOfNumpy() {
    var decisions = Decisions()
    decisions.add([2, 2, 1], [1, 1, .nan], shape: [1, 3], labels: [0])
    #expect(decisions.accuracy == Verdict.Pair(100, 0))
  }
}
