import ShrinkGraph

/// Which samples serve the statistics and which are held out for verification.
package struct Split: Sendable, Equatable {
  /// Samples for statistics, ascending.
  package let calibration: [Int]
  /// Samples kept away from every statistic, ascending; empty when the held-out share is 0.
  package let heldOut: [Int]

  /// Splits the first `take` of `count` samples (all when nil).
  ///
  /// The share `holdout` in 0 ..< 1 is drawn by `seed`, whole runs of `run` samples at a time, at least one run on each
  /// side. Throws `badData` when there are too few samples, `usage` when a number is out of range.
  package init(
    count: Int, take: Int? = nil, holdout: Double = 0.2, seed: UInt64 = 0, run: Int = 1
  ) throws(ShrinkError) {
    guard holdout >= 0, holdout < 1 else { throw .share(holdout) }
    guard take ?? 1 > 0 else { throw .noneTaken }
    let runs = min(count, take ?? count) / max(run, 1)
    guard runs > 0 else { throw .tooFew(count, needed: max(run, 1)) }
    guard holdout == 0 || runs > 1 else { throw .cannotSplit(runs * max(run, 1)) }
    let held = holdout == 0 ? 0 : min(max(Int((Double(runs) * holdout).rounded()), 1), runs - 1)
    var order = Array(0..<runs)
    var random = SplitMix64(seed: seed)
    for i in 0..<held { order.swapAt(i, Int.random(in: i..<runs, using: &random)) }
    heldOut = Self.samples(order[..<held], run)
    calibration = Self.samples(order[held...], run)
  }

  private static func samples(_ runs: ArraySlice<Int>, _ run: Int) -> [Int] {
    runs.sorted().flatMap { Array($0 * max(run, 1)..<($0 + 1) * max(run, 1)) }
  }
}

extension ShrinkError {
  fileprivate static func share(_ holdout: Double) -> ShrinkError {
    ShrinkError(
      .usage, "a held-out share of \(holdout) makes no sense", hint: "give --holdout a number from 0 to below 1")
  }
  fileprivate static var noneTaken: ShrinkError {
    ShrinkError(.usage, "--samples must take at least one sample", hint: "give a positive number, or leave it out")
  }
  fileprivate static func tooFew(_ count: Int, needed: Int) -> ShrinkError {
    ShrinkError(
      .badData, "\(count) samples are there where one run needs \(needed)", hint: "give more samples with --data")
  }
  fileprivate static func cannotSplit(_ count: Int) -> ShrinkError {
    ShrinkError(
      .badData, "\(count) samples make a single run, which cannot be split into statistics and held-out samples",
      hint: "give more samples, or verification data of its own with --verify-data")
  }
}
