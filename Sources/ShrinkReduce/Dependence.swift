import ShrinkMath

/// Exact linear dependence between the units of a group: which can go without changing any output.
///
/// Goals, in order: never remove a unit that is not dependent within rounding; keep as few as possible; be cheap.
///
/// A relation Σ v_u x_u + v_1 = 0 that holds at every reader is a null vector of the Gram matrix, summed over readers. A
/// pivoted Cholesky factorisation picks a basis of units (rank-revealing, relative tolerance `tolerance` of squared
/// norms); every other unit is an exact combination of it, which the readers' weights absorb. Which basis decides how
/// many weights become zero, and units that are read with zero weights go too. So the basis is improved by exchanges
/// that lower Σ |x_u| |W_u| (the group lasso, whose minima over bases are sparse), as the simplex method walks over bases.
package struct Dependence: Sendable {
  /// Units that stay and that the others depend on, ascending.
  package let kept: [Int]
  /// Units that go, ascending.
  package let removed: [Int]
  /// How many units are independent.
  package let rank: Int
  /// x_removed = mix · (x_kept, 1): removed × kept + 1.
  package let mix: Matrix

  /// What a reader shows of the units: their Gram matrix with the constant behind, and the Gram matrix of their weights.
  package struct Evidence: Sendable {
    /// Σ (x, 1)(x, 1)ᵀ over rows and places, units + 1 × units + 1.
    package let gram: Matrix
    /// W Wᵀ over outputs and places, units × units, relative to the energy of the outputs.
    package let weights: Matrix
  }

  /// Finds the units that can go.
  ///
  /// `usesConstant` says whether every reader can absorb a constant.
  package init(units: Int, evidence: [Evidence], usesConstant: Bool, tolerance: Double = 1e-11) {
    var gram = Matrix(rows: units + 1, columns: units + 1)
    var weights = Matrix(rows: units, columns: units)
    for part in evidence {
      let mean = part.gram.diagonal.prefix(units).reduce(0, +) / Double(max(units, 1))
      gram.add(part.gram, factor: 1 / max(mean, 1e-30))
      weights.add(part.weights, factor: 1)
    }
    var basis = Basis(gram: gram, units: units, usesConstant: usesConstant, tolerance: tolerance)
    basis.improve(weights)
    let silent = basis.unread(weights)
    let chosen = basis.units
    rank = chosen.count
    let read = chosen.filter { !silent.contains($0) }
    kept = read.isEmpty ? Array((0..<units).prefix(1)) : read
    let isKept = Set(kept)
    removed = (0..<units).filter { !isKept.contains($0) }
    var mix = Matrix(rows: removed.count, columns: kept.count + 1)
    for (r, unit) in removed.enumerated() {
      for (k, other) in kept.enumerated() { mix[r, k] = basis.coefficient(of: unit, on: other) }
      mix[r, kept.count] = basis.constant(of: unit)
    }
    self.mix = mix
  }

  private init(_ other: Dependence, removing count: Int) {
    (kept, rank) = (other.kept, other.rank)
    removed = Array(other.removed.prefix(count))
    mix = other.mix.rows(Array(0..<removed.count))
  }

  /// The same with the first `count` of `removed` alone: the others stay and no unit depends on them.
  func removing(_ count: Int) -> Dependence {
    count < removed.count ? Dependence(self, removing: count) : self
  }
}

/// A set of units that spans the others, with the coefficients of those on it.
private struct Basis {
  /// Gram matrix scaled to a unit diagonal; the constant stands behind the units.
  private let gram: Matrix
  private let norms: [Double]
  private let count: Int
  private let usesConstant: Bool
  /// Units of the basis, ascending.
  private(set) var units: [Int]
  /// Units of zero norm: they are zero, whatever the basis.
  private let dead: Set<Int>
  /// Coefficients of scaled units on the scaled basis, count × (basis, constant); empty for members.
  private var table: [Int: [Double]] = [:]

  init(gram: Matrix, units: Int, usesConstant: Bool, tolerance: Double) {
    count = units
    self.usesConstant = usesConstant
    let diagonal = gram.diagonal
    let largest = diagonal.prefix(units).max() ?? 0
    let dead = Set((0..<units).filter { diagonal[$0] <= largest * 1e-16 || diagonal[$0] <= 0 })
    let norms = diagonal.enumerated().map { dead.contains($0.offset) ? 1 : max($0.element, 1e-300).squareRoot() }
    self.dead = dead
    self.norms = norms
    var scaled = gram
    for i in 0...units { for j in 0...units { scaled[i, j] /= norms[i] * norms[j] } }
    self.gram = scaled
    let live = (0..<units).filter { !dead.contains($0) }
    self.units = Self.pivots(scaled, live, first: usesConstant ? units : nil, tolerance)
    refresh()
  }

  /// Pivoted Cholesky on residual variances: the unit with the most that the basis does not explain comes next.
  private static func pivots(_ gram: Matrix, _ live: [Int], first: Int?, _ tolerance: Double) -> [Int] {
    var residual = gram.diagonal
    var columns: [[Double]] = []
    var basis: [Int] = []
    var pool = live
    func sweep(_ pivot: Int) {
      let scale = 1 / residual[pivot].squareRoot()
      // The Gram matrix is symmetric: a row is a column.
      var column = gram.row(pivot)
      for earlier in columns {
        let factor = earlier[pivot]
        for i in column.indices { column[i] -= factor * earlier[i] }
      }
      for i in column.indices {
        column[i] *= scale
        residual[i] -= column[i] * column[i]
      }
      columns.append(column)
    }
    if let first { sweep(first) }
    while let next = pool.max(by: { residual[$0] < residual[$1] * (1 - 1e-9) }), residual[next] > tolerance {
      sweep(next)
      basis.append(next)
      pool.removeAll { $0 == next }
    }
    return basis.sorted()
  }

  private var support: [Int] { units + (usesConstant ? [count] : []) }

  /// Solves for the coefficients of every unit outside the basis.
  private mutating func refresh() {
    let inside = Set(units)
    let outside = (0..<count).filter { !inside.contains($0) && !dead.contains($0) }
    table = [:]
    guard !outside.isEmpty, !support.isEmpty, let factor = Cholesky(gram.submatrix(rows: support, columns: support))
    else {
      for unit in outside { table[unit] = [Double](repeating: 0, count: support.count) }
      return
    }
    let solved = factor.solve(gram.submatrix(rows: support, columns: outside))
    for (j, unit) in outside.enumerated() { table[unit] = solved.column(j) }
  }

  func coefficient(of unit: Int, on other: Int) -> Double {
    guard let row = table[unit], let at = units.firstIndex(of: other) else { return 0 }
    return row[at] * norms[unit] / norms[other]
  }

  func constant(of unit: Int) -> Double {
    // What rounding has left is no constant: a layer without a constant term would get one for it.
    guard usesConstant, let last = table[unit]?.last, abs(last) > 1e-6 else { return 0 }
    return last * norms[unit] / norms[count]
  }

  /// Gram matrix of the basis' weights, once they have absorbed those of the others, for units of norm 1.
  private func absorbed(_ weights: Matrix) -> Matrix {
    var spread = Matrix(rows: units.count, columns: count)
    for (k, unit) in units.enumerated() { spread[k, unit] = norms[unit] }
    for (unit, row) in table { for k in units.indices { spread[k, unit] = row[k] * norms[unit] } }
    return (spread * weights).timesTransposed(spread)
  }

  /// An exchange of a member for another unit.
  private struct Exchange {
    let gain: Double
    let enters: Int
    let leaves: Int
    /// Positions in `units` that the entering unit depends on.
    let touched: [Int]
  }

  /// Exchanges members for others while that lowers Σ |x_u| |W_u|; exchanges that touch different members go together.
  mutating func improve(_ weights: Matrix) {
    for _ in 0..<count {
      var busy = Set<Int>()
      var swaps: [Exchange] = []
      for swap in exchanges(absorbed(weights)) where busy.isDisjoint(with: swap.touched) {
        busy.formUnion(swap.touched)
        swaps.append(swap)
      }
      guard !swaps.isEmpty else { return }
      for swap in swaps { units[swap.leaves] = swap.enters }
      units.sort()
      refresh()
    }
  }

  /// The best exchange of each outside unit that gains something, best first.
  private func exchanges(_ m: Matrix) -> [Exchange] {
    let length = units.indices.map { max(m[$0, $0], 0).squareRoot() }
    let least = max(length.reduce(0, +), 1e-300) * 1e-6
    var work = 0
    var found: [Exchange] = []
    for (unit, row) in table.sorted(by: { $0.key < $1.key }) {
      let touched = units.indices.filter { abs(row[$0]) > 1e-7 }
      work += touched.count * touched.count
      guard work < 50_000_000 else { break }
      let before = touched.reduce(0.0) { $0 + length[$1] }
      var best = Exchange(gain: least, enters: -1, leaves: -1, touched: [])
      for k in touched where abs(row[k]) > 0.05 {
        var after = length[k] / abs(row[k])
        for i in touched where i != k {
          let a = row[i] / row[k]
          after += max(m[i, i] - 2 * a * m[i, k] + a * a * m[k, k], 0).squareRoot()
        }
        if before - after > best.gain {
          best = Exchange(gain: before - after, enters: unit, leaves: k, touched: touched)
        }
      }
      if best.enters >= 0 { found.append(best) }
    }
    return found.sorted { $0.gain == $1.gain ? $0.enters < $1.enters : $0.gain > $1.gain }
  }

  /// Members whose absorbed weights are zero within rounding.
  func unread(_ weights: Matrix) -> Set<Int> {
    let m = absorbed(weights)
    let total = units.indices.reduce(0.0) { $0 + max(m[$1, $1], 0) }
    let silent = units.indices.filter { m[$0, $0] <= total * 1e-13 }
    return Set(silent.prefix(max(units.count - 1, 0)).map { units[$0] })
  }
}
