import ShrinkGraph
import Testing

@testable import ShrinkData

@Suite struct SplitTests {
  @Test func partsAreDisjointSortedAndRepeatable() throws {
    let split = try Split(count: 1000, holdout: 0.2, seed: 3)
    #expect(split.heldOut.count == 200 && split.calibration.count == 800)
    #expect((split.heldOut + split.calibration).sorted() == Array(0..<1000))
    #expect(split.heldOut == split.heldOut.sorted() && split.calibration == split.calibration.sorted())
    #expect(try split == Split(count: 1000, holdout: 0.2, seed: 3))
    #expect(try split != Split(count: 1000, holdout: 0.2, seed: 4))
  }

  @Test func takesTheFirstAndWholeRuns() throws {
    let first = try Split(count: 100, take: 10, holdout: 0.5)
    #expect((first.heldOut + first.calibration).sorted() == Array(0..<10))
    let runs = try Split(count: 11, holdout: 0.2, run: 4)
    #expect(runs.calibration.count == 4 && runs.heldOut.count == 4)
    #expect(try Split(count: 5, holdout: 0).calibration == [0, 1, 2, 3, 4])
    #expect(try Split(count: 2, holdout: 0.01).heldOut.count == 1)
    #expect(try Split(count: 2, holdout: 0.99).calibration.count == 1)
  }

  @Test func refusesWhatCannotBeSplit() {
    #expect(throws: ShrinkError.self) { try Split(count: 0) }
    #expect(throws: ShrinkError.self) { try Split(count: 1) }
    #expect(throws: ShrinkError.self) { try Split(count: 9, holdout: 1) }
    #expect(throws: ShrinkError.self) { try Split(count: 9, holdout: .nan) }
    #expect(throws: ShrinkError.self) { try Split(count: 9, take: 0) }
  }

  @Test func generatorIsSplitMix64() {
    var random = SplitMix64(seed: 1_234_567)
    #expect([random.next(), random.next()] == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973])
  }
}
