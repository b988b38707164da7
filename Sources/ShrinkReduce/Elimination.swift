import ShrinkMath

/// The elimination path of a group: which unit to remove next, and what each removal costs.
///
/// Goals, in order: exact costs, nested sets, few passes over memory. With H = (G + λI)⁻¹ over the columns that are left
/// and W the re-fitted weights of a reader, removing the block of columns B raises its squared error by exactly
///
///     δ(B) = tr( W_Bᵀ [H_BB]⁻¹ W_B ),
///
/// and the re-fitted state without B is W − H_:B [H_BB]⁻¹ W_B and H − H_:B [H_BB]⁻¹ H_B: (block sweep of the inverse).
/// A product of two activations that sums over the units (`PairMoments`) costs what it misses.
/// Source: Optimal Brain Surgeon (Hassibi and Stork 1993), in groups as in OSSCAR (Meng et al. 2024) and ZipLM (Kurtic et
/// al. 2023); with W left out it is the criterion of Shah, Olivier and Raj (arXiv 2005.14070).
package struct Elimination {
  /// What a group loses at each width.
  package struct Path: Sendable, Equatable, Codable {
    /// Units in the order of their removal; the last one is never removed.
    package let order: [Int]
    /// Error once the first i units of `order` are removed, i in 0 ..< count, summed over readers: squared, relative to
    /// the energy of what each makes, or in squared output distance (`isWeighted`).
    package let error: [Double]
  }

  /// One reader's part of the state.
  private struct Reader {
    var inverse: Matrix
    var weights: Matrix
    /// Rows of the state that belong to each unit; empty once it is removed.
    var blocks: [[Int]]
    let scale: Double
  }

  /// One product of activations and what it misses already: Σ over the units that went of `squares`.
  private struct Pair {
    let squares: Matrix
    var missed: [Double]
    let scale: Double
  }

  private var readers: [Reader]
  private var pairs: [Pair]
  private var left: [Int]
  private let seesWeights: Bool

  /// Prepares the readers of `group`, all units in place.
  ///
  /// Without `seesWeights` the cost of a unit is what the others cannot predict of it, tr [H_BB]⁻¹.
  package init(
    group: Int, count: Int, readers compensations: [Compensation], pairs: [PairMoments] = [], seesWeights: Bool = true
  ) {
    let isWeighted = Self.isWeighted(compensations, pairs)
    readers = compensations.compactMap { Self.reader($0, group, count, isWeighted: isWeighted) }
    self.pairs = pairs.map {
      Pair(
        squares: $0.squares, missed: [Double](repeating: 0, count: count),
        scale: (isWeighted ? $0.outputWeight ?? 1 : 1) / max($0.energy, 1e-30))
    }
    left = Array(0..<count)
    self.seesWeights = seesWeights
  }

  /// Whether errors are weighed by what the outputs make of them: where that is known of every reader and pair; else each
  /// counts relative to its energy.
  static func isWeighted(_ readers: [Compensation], _ pairs: [PairMoments]) -> Bool {
    readers.allSatisfy { $0.outputWeights != nil } && pairs.allSatisfy { $0.outputWeight != nil }
  }

  /// Removes units until one is left.
  package mutating func run() -> Path {
    var order: [Int] = []
    var error = [0.0]
    let count = left.count
    while left.count > 1 {
      let batch = max(1, min(left.count / 96, left.count - 1))
      for (unit, cost) in cheapest(batch) {
        order.append(unit)
        error.append((error.last ?? 0) + max(cost, 0))
      }
      remove(Array(order.suffix(batch)))
    }
    return Path(order: order + left, error: Array(error.prefix(count)))
  }

  /// Removes units in a given order and notes what each costs.
  package mutating func run(in order: [Int]) -> Path {
    var error = [0.0]
    for unit in order.dropLast() {
      error.append((error.last ?? 0) + max(cost(unit), 0))
      remove([unit])
    }
    return Path(order: order, error: error)
  }

  /// What weights that are not numbers make of a unit is dearer than anything else.
  private func cost(_ unit: Int) -> Double {
    let read = readers.reduce(0) { $0 + $1.scale * cost($1, $1.blocks[unit]) }
    let sum = pairs.reduce(read) { $0 + $1.scale * ($1.squares[unit, unit] + 2 * $1.missed[unit]) }
    return sum.isNaN ? .infinity : sum
  }

  /// The units that cost least; ties within rounding go to the lower unit, so that threads do not decide.
  private func cheapest(_ count: Int) -> [(Int, Double)] {
    let costs = left.map(cost)
    var free = Array(left.indices)
    return (0..<count).compactMap { _ in
      guard let least = free.map({ costs[$0] }).min(),
        let at = free.firstIndex(where: { costs[$0] <= least + abs(least) * 1e-6 + 1e-18 })
      else { return nil }
      let i = free.remove(at: at)
      return (left[i], costs[i])
    }
  }

  private func cost(_ reader: Reader, _ block: [Int]) -> Double {
    guard !block.isEmpty else { return 0 }
    guard seesWeights else {
      let corner = Cholesky(reader.inverse.submatrix(rows: block, columns: block))
      return corner?.inverse().diagonal.reduce(0, +) ?? 0
    }
    let width = reader.weights.columns
    if block.count == 1 {
      let j = block[0]
      let norm = reader.weights.withValues { w in (0..<width).reduce(0.0) { $0 + w[j * width + $1] * w[j * width + $1] }
      }
      return norm / max(reader.inverse[j, j], 1e-300)
    }
    let part = reader.weights.rows(block)
    guard let factor = Cholesky(reader.inverse.submatrix(rows: block, columns: block)) else { return 0 }
    let solved = factor.solve(part)
    return zip(part.values, solved.values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private mutating func remove(_ units: [Int]) {
    let gone = Set(units)
    left.removeAll(where: gone.contains)
    for p in pairs.indices {
      for unit in units { for other in left { pairs[p].missed[other] += pairs[p].squares[unit, other] } }
    }
    for r in readers.indices {
      Self.remove(units.flatMap { readers[r].blocks[$0] }, from: &readers[r])
      for unit in units { readers[r].blocks[unit] = [] }
    }
  }

  private static func remove(_ block: [Int], from reader: inout Reader) {
    guard !block.isEmpty else { return }
    let size = reader.inverse.rows
    let inside = Set(block)
    let rest = (0..<size).filter { !inside.contains($0) }
    let columns = reader.inverse.columns(block)
    let corner = columns.rows(block)
    guard let factor = Cholesky(corner, ridge: 1e-300) else { return compact(&reader, rest) }
    let solved = factor.solve(columns.transposed).transposed
    reader.weights.addProduct(solved, reader.weights.rows(block), factor: -1)
    reader.inverse.addProduct(solved, transposed: columns, factor: -1)
    // Rows of removed units are zero from now on; they leave the state when they are a quarter of it.
    for j in block { reader.inverse[j, j] = 1e-300 }
    let dead = (0..<size).count { reader.inverse[$0, $0] <= 1e-290 }
    if dead * 4 > size { compact(&reader, (0..<size).filter { reader.inverse[$0, $0] > 1e-290 }) }
  }

  private static func compact(_ reader: inout Reader, _ rest: [Int]) {
    var position = [Int](repeating: -1, count: reader.inverse.rows)
    for (i, old) in rest.enumerated() { position[old] = i }
    reader.inverse = reader.inverse.submatrix(rows: rest, columns: rest)
    reader.weights = reader.weights.rows(rest)
    reader.blocks = reader.blocks.map { block in block.compactMap { position[$0] >= 0 ? position[$0] : nil } }
  }
}

extension Elimination {
  private static func reader(_ c: Compensation, _ group: Int, _ count: Int, isWeighted: Bool) -> Reader? {
    let scale = 1 / (isWeighted ? Double(max(c.moments.rows, 1)) : max(c.outputEnergy, 1e-30))
    let outputs = isWeighted ? c.outputWeights.map { $0.map { $0.squareRoot() } } : nil
    return c.form == .patch
      ? patchReader(c, group, count, scale, outputs) : channelReader(c, group, count, scale, outputs)
  }

  private static func patchReader(
    _ c: Compensation, _ group: Int, _ count: Int, _ scale: Double, _ outputs: [Double]?
  ) -> Reader? {
    let size = c.site.columns + (c.site.hasBias ? 1 : 0)
    let gram = c.site.hasBias ? c.moments.augmentedGram : c.moments.gram
    guard let inverse = inverse(gram, penalised: c.site.columns, ridge: c.ridge) else { return nil }
    var weights = c.weights.rows(Array(0..<size))
    if let outputs { for i in 0..<size { for j in outputs.indices { weights[i, j] *= outputs[j] } } }
    return Reader(
      inverse: inverse, weights: weights, blocks: c.site.columns(of: group, count: count), scale: scale)
  }

  private static func channelReader(
    _ c: Compensation, _ group: Int, _ count: Int, _ scale: Double, _ factors: [Double]?
  ) -> Reader? {
    let blocks = c.site.blocks()
    let size = blocks.map(\.count).max() ?? 0
    let used = blocks.indices.filter { blocks[$0].count == size }
    let constant = c.site.hasBias && !c.site.product.isPadded ? [blocks.count] : []
    let support = used + constant
    let gram = c.channelGram(blocks, size).submatrix(rows: support, columns: support)
    guard let inverse = inverse(gram, penalised: used.count, ridge: c.ridge) else { return nil }
    let outputs = c.weights.columns
    var weights = Matrix(rows: support.count, columns: size * outputs)
    var units = [[Int]](repeating: [], count: count)
    for (row, b) in used.enumerated() {
      for t in 0..<size {
        for j in 0..<outputs { weights[row, t * outputs + j] = c.weights[blocks[b].columns[t], j] * (factors?[j] ?? 1) }
      }
      for unit in blocks[b].units where unit.group == group { units[unit.unit].append(row) }
    }
    return Reader(inverse: inverse, weights: weights, blocks: units, scale: scale)
  }

  private static func inverse(_ gram: Matrix, penalised: Int, ridge: Double) -> Matrix? {
    var ridged = gram
    let mean = (0..<penalised).reduce(0.0) { $0 + gram[$1, $1] } / Double(max(penalised, 1))
    for i in 0..<penalised { ridged[i, i] += ridge * mean + 1e-30 }
    return Cholesky(ridged)?.inverse()
  }
}

extension Compensation {
  /// Σ (y − mean y)² over the rows and outputs.
  var outputEnergy: Double {
    guard moments.columns == site.columns else { return blockEnergy }
    let n = Double(max(moments.rows, 1))
    let w = weights.rows(Array(0..<site.columns))
    let spread = w.transposedTimes(moments.gram * w).diagonal.reduce(0, +)
    let means = Matrix(rows: 1, columns: site.columns, values: moments.sum) * w
    return spread - means.values.reduce(0) { $0 + $1 * $1 } / n
  }

  /// The same from sums over blocks: what each place of the blocks adds, as if places were independent.
  private var blockEnergy: Double {
    let columns = site.uniformBlocks()
    return (0..<(columns.first?.count ?? 0)).reduce(0.0) { total, t in
      let w = weights.rows(columns.map { $0[t] })
      return total + w.transposedTimes(moments.gram * w).diagonal.reduce(0, +)
    }
  }
}
