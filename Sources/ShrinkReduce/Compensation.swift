import ShrinkGraph
import ShrinkMath

/// How a site makes up for removed units, from the moments of its own rows.
///
/// Two forms. *Patch*: every kept column, each kernel tap on its own, may take over from every removed one:
/// W_S + (G_SS + λI)⁻¹ G_SE W_E, the least-squares re-fit. *Channel*: a removed unit is predicted by the kept
/// ones with the same mix at every tap or position, T = (C_SS + λI)⁻¹ C_SE with C the Gram matrix over units summed over
/// taps; it has taps² times fewer coefficients, so that few rows do not over-fit (the dense layer
/// after a Flatten).
package struct Compensation: Sendable {
  /// Which form a site takes.
  package enum Form: Sendable { case patch, channel }

  /// The site.
  package let site: Site
  /// Its moments over all columns, without targets.
  package let moments: Moments
  /// The layer as it was, columns + 1 × outputs.
  package let weights: Matrix
  /// The form that the number of rows allows.
  package let form: Form
  /// Ridge, as a share of the mean diagonal of the Gram matrix.
  package let ridge: Double
  /// What the network's outputs make of a unit of squared error of each output of the layer (`OutputGradients`); nil where
  /// that is not known.
  package var outputWeights: [Double]?

  /// Chooses the form: patches from two rows a column on, channels below.
  ///
  /// Units that take different numbers of columns cannot share a mix: they are patches whatever the rows.
  package init(site: Site, moments: Moments, weights: Matrix, ridge: Double = 1e-4) {
    self.site = site
    self.moments = moments
    self.weights = weights
    self.ridge = ridge
    let sizes = Set(site.blocks().map(\.count))
    let isWhole = moments.columns == site.columns
    let fitsPatch = moments.rows >= 2 * site.columns || sizes == [1] || !site.isEven
    form = isWhole && fitsPatch ? .patch : .channel
  }

  /// The re-fitted layer when units are removed: kept columns + 1 × outputs.
  package func weights(removing removal: Removal) -> Matrix {
    let kept = site.keptColumns(removal)
    guard kept.count < site.columns else { return weights }
    return form == .patch ? patch(kept) : channel(removal, kept)
  }

  private func patch(_ kept: [Int]) -> Matrix {
    let gone = Set(0..<site.columns).subtracting(kept).sorted()
    let constant = site.hasBias ? [site.columns] : []
    let support = kept + constant
    let gram = moments.augmentedGram
    let cross = gram.submatrix(rows: support, columns: gone) * weights.rows(gone)
    let step = solve(gram.submatrix(rows: support, columns: support), cross, penalised: kept.count)
    var result = weights.rows(kept + [site.columns])
    for i in support.indices { for j in 0..<result.columns { result[i, j] += step[i, j] } }
    return result
  }

  private func channel(_ removal: Removal, _ kept: [Int]) -> Matrix {
    let blocks = site.blocks()
    let size = blocks.map(\.count).max() ?? 0
    let gone = blocks.indices.filter { removal.takes(blocks[$0].units) }
    let predictors = blocks.indices.filter { b in
      !removal.takes(blocks[b].units) && blocks[b].count == size
    }
    let usesConstant = site.hasBias && !site.product.isPadded
    let gram = channelGram(blocks, size)
    let support = predictors + (usesConstant ? [blocks.count] : [])
    let mix = solve(
      gram.submatrix(rows: support, columns: support), gram.submatrix(rows: support, columns: gone),
      penalised: predictors.count)
    var result = weights
    for (r, removed) in gone.enumerated() {
      for (p, predictor) in predictors.enumerated() where mix[p, r] != 0 {
        for t in 0..<size {
          result.addRow(blocks[removed].columns[t], factor: mix[p, r], to: blocks[predictor].columns[t])
        }
      }
      guard usesConstant, blocks[removed].count == size else { continue }
      for t in 0..<size {
        result.addRow(blocks[removed].columns[t], factor: mix[predictors.count, r], to: site.columns)
      }
    }
    return centred(result.rows(kept + [site.columns]), kept)
  }

  /// Lets the constant term absorb the mean error, where rows see padding and the mix leaves the constant out.
  private func centred(_ fitted: Matrix, _ kept: [Int]) -> Matrix {
    guard site.hasBias, moments.rows > 0 else { return fitted }
    var result = fitted
    let means = columnMeans
    for j in 0..<fitted.columns {
      var error = 0.0
      for i in 0..<site.columns { error += means[i] * weights[i, j] }
      for (k, i) in kept.enumerated() { error -= means[i] * fitted[k, j] }
      result[kept.count, j] = weights[site.columns, j] + error
    }
    return result
  }

  /// The Gram matrix over blocks of columns, summed over their places, with the constant behind.
  func channelGram(_ blocks: [Site.Block], _ size: Int) -> Matrix {
    let count = blocks.count
    guard moments.columns == site.columns else { return blockGram(blocks, size) }
    var result = Matrix(rows: count + 1, columns: count + 1)
    for a in 0..<count where blocks[a].count == size {
      for b in a..<count where blocks[b].count == size {
        var total = 0.0
        for t in 0..<size { total += moments.gram[blocks[a].columns[t], blocks[b].columns[t]] }
        result[a, b] = total
        result[b, a] = total
      }
      let total = blocks[a].columns.reduce(0.0) { $0 + moments.sum[$1] }
      result[a, count] = total
      result[count, a] = total
    }
    result[count, count] = Double(moments.rows * size)
    return result
  }

  /// Whether the moments hold every column of a group's units, as many for each.
  ///
  /// Sums over blocks say nothing of units that take fewer columns than others beside them.
  package func tellsUnits(of group: Int, count: Int) -> Bool {
    let sizes = Set(site.columns(of: group, count: count).map(\.count))
    return sizes.count == 1 && (moments.columns == site.columns || site.isEven)
  }

  /// The Gram matrix over the units of one group with the constant behind them, summed over their places.
  package func unitGram(of group: Int, count: Int) -> Matrix {
    moments.columns == site.columns ? wholeGram(of: group, count: count) : summedGram(of: group, count: count)
  }

  private func wholeGram(of group: Int, count: Int) -> Matrix {
    let at = site.columns(of: group, count: count)
    let places = at.map(\.count).max() ?? 0
    let constant = [Int](repeating: site.columns, count: places)
    let gram = moments.augmentedGram
    var result = Matrix(rows: count + 1, columns: count + 1)
    for (u, from) in (at + [constant]).enumerated() {
      for (v, to) in (at + [constant]).enumerated() {
        result[u, v] = zip(from, to).reduce(0) { $0 + gram[$1.0, $1.1] }
      }
    }
    return result
  }

  private func summedGram(of group: Int, count: Int) -> Matrix {
    let blocks = site.blocks()
    let size = blocks.map(\.count).max() ?? 0
    let gram = channelGram(blocks, size)
    var at = [[Int]](repeating: [], count: count)
    for (b, block) in blocks.enumerated() {
      for unit in block.units where unit.group == group { at[unit.unit].append(b) }
    }
    let layers = at.map(\.count).max() ?? 0
    let constant = [Int](repeating: blocks.count, count: layers)
    var result = Matrix(rows: count + 1, columns: count + 1)
    for (u, from) in (at + [constant]).enumerated() {
      for (v, to) in (at + [constant]).enumerated() {
        result[u, v] = zip(from, to).reduce(0) { $0 + gram[$1.0, $1.1] }
      }
    }
    return result
  }

  /// The same where the moments are sums over blocks already.
  private func blockGram(_ blocks: [Site.Block], _ size: Int) -> Matrix {
    let used = blocks.indices.filter { blocks[$0].count == size } + [blocks.count]
    let sums = moments.augmentedGram
    var result = Matrix(rows: blocks.count + 1, columns: blocks.count + 1)
    for (a, at) in used.enumerated() { for (b, to) in used.enumerated() { result[at, to] = sums[a, b] } }
    return result
  }

  /// Mean of each column of a row.
  private var columnMeans: [Double] {
    if moments.columns == site.columns { return moments.sum.map { $0 / Double(max(moments.rows, 1)) } }
    var means = [Double](repeating: 0, count: site.columns)
    for (b, columns) in site.uniformBlocks().enumerated() {
      for column in columns { means[column] = moments.sum[b] / Double(max(moments.rows, 1)) }
    }
    return means
  }

  /// (gram + λI)⁻¹ cross with λ on the first `penalised` entries of the diagonal only: the constant stays free.
  private func solve(_ gram: Matrix, _ cross: Matrix, penalised: Int) -> Matrix {
    var ridged = gram
    let mean = (0..<penalised).reduce(0.0) { $0 + gram[$1, $1] } / Double(max(penalised, 1))
    for i in 0..<penalised { ridged[i, i] += ridge * mean + 1e-30 }
    if let factor = Cholesky(ridged) { return factor.solve(cross) }
    return (try? LeastSquares.ridge(gram: ridged, cross: cross)) ?? Matrix(rows: gram.rows, columns: cross.columns)
  }
}

extension Site {
  /// Columns that stand or fall together: one block for each choice of units, and one for each channel that stays.
  package struct Block: Sendable {
    /// Its units; none for a channel that stays.
    package let units: [UnitRef]
    /// Its columns, in the order of the axis.
    package internal(set) var columns: [Int]
    /// How many columns.
    package var count: Int { columns.count }
  }

  /// Whether every unit takes as many columns as the largest block: where two sizes of maps are joined it is not so.
  var isEven: Bool {
    let blocks = blocks()
    let size = blocks.map(\.count).max() ?? 0
    return blocks.allSatisfy { $0.units.isEmpty || $0.count == size }
  }

  /// The blocks of a row, in the order of their first columns.
  package func blocks() -> [Block] {
    var result: [Block] = []
    var position: [[UnitRef]: Int] = [:]
    for (channel, list) in units.enumerated() {
      let columns = channel * product.taps..<(channel + 1) * product.taps
      if let at = position[list] {
        result[at].columns += columns
      } else {
        if !list.isEmpty { position[list] = result.count }
        result.append(Block(units: list, columns: Array(columns)))
      }
    }
    return result
  }
}

extension Matrix {
  /// Adds `factor` times row `from` to row `to`.
  mutating func addRow(_ from: Int, factor: Double, to: Int) {
    let width = columns
    withMutableValues { v in for j in 0..<width { v[to * width + j] += factor * v[from * width + j] } }
  }
}
