import ShrinkMath

/// Sums over rows that a site has read: everything that choosing and fitting need, whatever the number of rows.
///
/// With rows x and, in the re-fit, targets y: G = Σ x xᵀ, s = Σ x, n, R = Σ x yᵀ, Σ y and Σ y² (streaming
/// second moments). All are sums in Float64: they stream, merge exactly and never need the activations again.
package struct Moments: Sendable {
  /// Σ x xᵀ, d × d, symmetric.
  package private(set) var gram: Matrix
  /// Σ x, d.
  package private(set) var sum: [Double]
  /// Number of rows.
  package private(set) var rows = 0
  /// Σ x yᵀ, d × outputs; no columns where no targets are kept.
  package private(set) var cross: Matrix
  /// Σ y, outputs.
  package private(set) var targetSum: [Double]
  /// Σ y², outputs.
  package private(set) var targetEnergy: [Double]

  /// Starts with no rows of `columns` values and targets of `outputs` values.
  package init(columns: Int, outputs: Int = 0) {
    gram = Matrix(rows: columns, columns: columns)
    sum = [Double](repeating: 0, count: columns)
    cross = Matrix(rows: columns, columns: outputs)
    targetSum = [Double](repeating: 0, count: outputs)
    targetEnergy = targetSum
  }

  /// Number of values in a row.
  package var columns: Int { sum.count }
  /// Number of values in a target.
  package var outputs: Int { targetSum.count }

  /// Adds `count` rows of `columns` values and, where targets are kept, `count` targets of `outputs` values.
  package mutating func add(
    rows x: UnsafeBufferPointer<Float>, targets y: UnsafeBufferPointer<Float>? = nil, count: Int
  ) {
    gram.symmetricAccumulate(rows: x, count: count)
    Self.addColumns(x, count, to: &sum)
    rows += count
    guard let y else { return }
    cross.accumulateProduct(x, columns: columns, y, columns: outputs, rows: count)
    Self.addColumns(y, count, to: &targetSum)
    let width = outputs
    targetEnergy.withUnsafeMutableBufferPointer { energy in
      for r in 0..<count { for j in 0..<width { energy[j] += Double(y[r * width + j]) * Double(y[r * width + j]) } }
    }
  }

  private static func addColumns(_ x: UnsafeBufferPointer<Float>, _ count: Int, to sum: inout [Double]) {
    let width = sum.count
    sum.withUnsafeMutableBufferPointer { sum in
      for r in 0..<count { for j in 0..<width { sum[j] += Double(x[r * width + j]) } }
    }
  }

  /// Makes the Gram matrix whole: call it once after the last `add`.
  package mutating func finish() { gram.symmetrize() }

  /// Adds what another shard has summed.
  package mutating func merge(_ other: Moments) {
    precondition(columns == other.columns && outputs == other.outputs, "moments of different sites")
    gram += other.gram
    cross += other.cross
    for i in sum.indices { sum[i] += other.sum[i] }
    for i in targetSum.indices {
      targetSum[i] += other.targetSum[i]
      targetEnergy[i] += other.targetEnergy[i]
    }
    rows += other.rows
  }

  /// The Gram matrix of the rows with a constant 1 behind them, d + 1 × d + 1.
  package var augmentedGram: Matrix {
    let d = columns
    var result = Matrix(rows: d + 1, columns: d + 1)
    result.withMutableValues { out in
      gram.withValues { g in
        for i in 0..<d {
          for j in 0..<d { out[i * (d + 1) + j] = g[i * d + j] }
          out[i * (d + 1) + d] = sum[i]
          out[d * (d + 1) + i] = sum[i]
        }
      }
      out[d * (d + 1) + d] = Double(rows)
    }
    return result
  }

  /// `cross` with the sums of the targets below it: the moments of the augmented rows, d + 1 × outputs.
  package var augmentedCross: Matrix {
    Matrix(rows: columns + 1, columns: outputs, values: cross.values + targetSum)
  }

  /// The moments of some columns only.
  package func selecting(_ kept: [Int]) -> Moments {
    var result = Moments(columns: kept.count, outputs: outputs)
    result.gram = gram.submatrix(rows: kept, columns: kept)
    result.cross = cross.rows(kept)
    result.sum = kept.map { sum[$0] }
    result.rows = rows
    result.targetSum = targetSum
    result.targetEnergy = targetEnergy
    return result
  }
}
