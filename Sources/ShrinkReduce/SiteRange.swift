import ShrinkMath

/// Between which bounds a site's columns and outputs have stayed.
package struct SiteRange: Sendable {
  private var low: [Float]
  private var high: [Float]
  private var positives: [Int]
  /// Rows in which each column was not zero.
  private(set) var nonzeros: [Int]
  /// Rows that it has seen.
  private(set) var rows = 0

  init(columns: Int, outputs: Int) {
    low = [Float](repeating: .infinity, count: columns)
    high = [Float](repeating: -.infinity, count: columns)
    nonzeros = [Int](repeating: 0, count: columns)
    positives = [Int](repeating: 0, count: outputs)
  }

  mutating func add(rows x: [Float], outputs y: [Float], count: Int) {
    let (columns, outputs) = (low.count, positives.count)
    rows += count
    for r in 0..<count {
      for j in 0..<columns {
        let value = x[r * columns + j]
        low[j] = min(low[j], value)
        high[j] = max(high[j], value)
        if value != 0 { nonzeros[j] += 1 }
      }
      for j in 0..<outputs {
        if y[r * outputs + j] > 0 { positives[j] += 1 }
      }
    }
  }

  /// Whether an output was positive so seldom that what it did then proves nothing.
  func isSeldomPositive(output: Int) -> Bool { positives[output] < leastRows }

  /// Rows that must show something before it counts.
  var leastRows: Int { max(32, rows / 200) }

  /// Whether the weights prove that an output is never positive.
  ///
  /// Columns may leave the range that they have shown by half of it; those that were never negative stay so. `weights`:
  /// columns + 1 × outputs, the constant last.
  func staysNegative(output: Int, weights: Matrix) -> Bool {
    var bound = weights[low.count, output]
    for j in low.indices where low[j] <= high[j] {
      let margin = 0.5 * (high[j] - low[j])
      let least = low[j] >= 0 ? max(low[j] - margin, 0) : low[j] - margin
      bound += max(weights[j, output] * Double(least), weights[j, output] * Double(high[j] + margin))
    }
    return bound <= 0
  }
}
