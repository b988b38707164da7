import Testing

@testable import ShrinkReduce

@Suite struct RowSamplerTests {
  @Test func everyRowIsTakenWhereFewAreThere() {
    let sampler = RowSampler(wanted: 100, samples: 10, seed: 1)
    #expect(sampler.positions(run: [3, 7], total: 20) == Array(0..<20))
  }

  /// 40 rows wanted of 10 samples: four from each, one from each quarter of its positions.
  @Test(arguments: 0..<20) func oneRowFromEveryStretch(sample: Int) {
    let sampler = RowSampler(wanted: 40, samples: 10, seed: 5)
    let positions = sampler.positions(run: [sample], total: 50)
    #expect(positions.count == 4)
    for (stretch, position) in positions.enumerated() {
      #expect((stretch * 50 / 4..<(stretch + 1) * 50 / 4).contains(position))
    }
  }

  @Test func sampleHasTheSameRowsInEveryBatch() {
    let sampler = RowSampler(wanted: 30, samples: 10, seed: 2)
    let together = sampler.positions(run: [4, 9, 1], total: 300)
    let alone = [4, 9, 1].enumerated().flatMap { i, sample in
      sampler.positions(run: [sample], total: 100).map { $0 + i * 100 }
    }
    #expect(together == alone && together == together.sorted())
  }

  @Test func samplesAndSeedsDiffer() {
    let rows = (0..<8).map { RowSampler(wanted: 80, samples: 10, seed: 2).positions(run: [$0], total: 1_000) }
    #expect(Set(rows).count == 8)
    #expect(RowSampler(wanted: 80, samples: 10, seed: 3).positions(run: [0], total: 1_000) != rows[0])
  }

  @Test func quotaIsRoundedUp() {
    #expect(RowSampler(wanted: 41, samples: 10, seed: 0).positions(run: [0], total: 100).count == 5)
    #expect(RowSampler(wanted: 7, samples: 0, seed: 0).positions(run: [0], total: 100).count == 7)
  }

  @Test func aRunWithoutSamplesHasNoMoreRowsThanAsked() {
    #expect(RowSampler(wanted: 10, samples: 1, seed: 0).positions(run: [], total: 0).isEmpty)
  }
}
