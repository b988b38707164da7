import ShrinkGraph

/// Chooses the rows of a site that enter its moments: the same for a sample whatever batch it comes in.
package struct RowSampler: Sendable {
  /// Rows wanted of all samples together.
  package let wanted: Int
  /// Samples that there are.
  package let samples: Int
  /// Seed of the choice.
  package let seed: UInt64

  /// Makes a sampler.
  package init(wanted: Int, samples: Int, seed: UInt64) {
    self.wanted = wanted
    self.samples = max(samples, 1)
    self.seed = seed
  }

  /// Positions of a run over `run` samples that has `total` positions, samples outermost; sorted.
  ///
  /// Stratified: each sample's positions are cut into equal stretches and one is drawn from each.
  package func positions(run: [Int], total: Int) -> [Int] {
    guard !run.isEmpty, total % run.count == 0 else { return draw(total, key: UInt64(run.first ?? 0)) }
    let each = total / run.count
    return run.enumerated().flatMap { i, sample in draw(each, key: UInt64(sample)).map { $0 + i * each } }
  }

  private func draw(_ count: Int, key: UInt64) -> [Int] {
    let quota = (wanted + samples - 1) / samples
    guard quota < count else { return Array(0..<count) }
    var rng = SplitMix64(seed: seed &+ key &* 0x9E37_79B9_7F4A_7C15)
    return (0..<quota).map { stretch in
      let low = stretch * count / quota
      let high = (stretch + 1) * count / quota
      return low + Int(rng.next() % UInt64(max(high - low, 1)))
    }
  }
}
