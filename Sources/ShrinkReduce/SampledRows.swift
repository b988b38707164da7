/// What takes in rows that a site reads with what the original delivers there.
protocol TargetedRows {
  /// Starts with none: `columns` values a row, `outputs` values a target.
  init(columns: Int, outputs: Int)
  /// Adds `count` rows and as many targets, one after the other.
  mutating func add(rows x: [Float], targets y: [Float], count: Int)
}

extension Moments: TargetedRows {
  mutating func add(rows x: [Float], targets y: [Float], count: Int) {
    x.withUnsafeBufferPointer { x in y.withUnsafeBufferPointer { y in add(rows: x, targets: y, count: count) } }
  }
}

/// Rows that a site reads, each with what the original delivers there.
struct SampledRows: TargetedRows {
  /// Number of values in a row.
  let columns: Int
  /// Number of values in a target.
  let outputs: Int
  /// The rows, one after the other.
  private(set) var x: [Float] = []
  /// The targets, one after the other.
  private(set) var y: [Float] = []
  /// Number of rows.
  private(set) var count = 0

  /// Starts with none.
  init(columns: Int, outputs: Int) {
    self.columns = columns
    self.outputs = outputs
  }

  /// Adds `count` rows of `columns` values and as many targets of `outputs` values.
  mutating func add(rows x: [Float], targets y: [Float], count: Int) {
    precondition(x.count == count * columns && y.count == count * outputs, "rows of another site")
    self.x += x
    self.y += y
    self.count += count
  }

  /// Mean of each column.
  var columnMeans: [Double] {
    var sums = [Double](repeating: 0, count: columns)
    x.withUnsafeBufferPointer { x in
      for r in 0..<count { for c in 0..<columns { sums[c] += Double(x[r * columns + c]) } }
    }
    return sums.map { $0 / Double(max(count, 1)) }
  }

  /// Adds those of another part of the samples.
  mutating func add(_ other: SampledRows) { add(rows: other.x, targets: other.y, count: other.count) }
}
