import ShrinkMath
import Testing

@testable import ShrinkReduce

@Suite struct SiteRangeTests {
  /// `rows` rows of one column and one output.
  private static func range(_ x: [Float], _ y: [Float]) -> SiteRange {
    var range = SiteRange(columns: 1, outputs: 1)
    // In two parts, as runs come.
    let half = x.count / 2
    range.add(rows: Array(x[..<half]), outputs: Array(y[..<half]), count: half)
    range.add(rows: Array(x[half...]), outputs: Array(y[half...]), count: x.count - half)
    return range
  }

  @Test(arguments: [(100, 31, true), (100, 32, false), (20_000, 99, true), (20_000, 100, false)])
  func seldomIsBelowThirtyTwoRowsOrOneInTwoHundred(rows: Int, positives: Int, isSeldom: Bool) {
    let y = (0..<rows).map { Float($0 < positives ? 1 : -1) }
    #expect(Self.range([Float](repeating: 0, count: rows), y).isSeldomPositive(output: 0) == isSeldom)
  }

  /// Columns from -1 to 1 may go from -2 to 2; those from 0 to 1 up to 1.5.
  @Test(
    arguments: [
      ([-1, 1], 1, -2.01, true), ([-1, 1], 1, -1.9, false), ([-1, 1], -1, -2.01, true), ([-1, 1], -1, -1.9, false),
      ([0, 1], 1, -1.51, true), ([0, 1], 1, -1.4, false), ([0, 1], -1, 0, true), ([0, 1], -1, 0.1, false),
    ] as [([Float], Double, Double, Bool)])
  func weightsProveWhatStaysNegative(ends: [Float], weight: Double, constant: Double, isProven: Bool) {
    let x = (0..<200).map { ends[$0 % 2] }
    // Outputs that hover just below zero: their spread proves nothing.
    let y = (0..<200).map { Float($0 % 2 == 0 ? -0.001 : -3) }
    let weights = Matrix(rows: 2, columns: 1, values: [weight, constant])
    #expect(Self.range(x, y).staysNegative(output: 0, weights: weights) == isProven)
  }

  @Test func everyOutputHasItsOwnBound() {
    var range = SiteRange(columns: 2, outputs: 2)
    range.add(
      rows: (0..<100).flatMap { [Float($0 % 2), Float($0 % 3)] }, outputs: (0..<100).flatMap { [-5, Float($0)] },
      count: 100)
    let weights = Matrix([[1, 1], [1, 1], [-4.6, -4.4]])
    #expect(range.staysNegative(output: 0, weights: weights) && !range.staysNegative(output: 1, weights: weights))
    #expect(range.isSeldomPositive(output: 0) && !range.isSeldomPositive(output: 1))
  }
}
