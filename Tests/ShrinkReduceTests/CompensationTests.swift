import ShrinkGraph
import ShrinkMath
import Testing

@testable import ShrinkReduce

@Suite struct CompensationTests {
  private static let ridge = 1e-3

  /// Rows of a dense layer whose columns depend on each other.
  private struct Problem {
    let site: Site
    let rows: [[Double]]
    let compensation: Compensation
    let removal: Removal
    var weights: Matrix { compensation.weights }

    init(units: Int, block: Int, rows count: Int, hasBias: Bool = true, seed: UInt64, removing gone: [Int]) {
      var rng = SplitMix64(seed: seed)
      let columns = units * block
      let mixing = (0..<columns * columns).map { _ in Float.random(in: -0.5...0.5, using: &rng) }
      var x: [Float] = []
      for _ in 0..<count {
        let base = (0..<columns).map { _ in Float.random(in: 0...1, using: &rng) }
        x += (0..<columns).map { j in base[j] + (0..<columns).reduce(0) { $0 + base[$1] * mixing[$1 * columns + j] } }
      }
      var moments = Moments(columns: columns)
      x.withUnsafeBufferPointer { moments.add(rows: $0, count: count) }
      moments.finish()
      rows = (0..<count).map { r in (0..<columns).map { Double(x[r * columns + $0]) } }
      site = TestSites.dense(units: units, block: block, outputs: 2, hasBias: hasBias)
      var weights = (0..<columns * 2).map { _ in Double.random(in: -1...1, using: &rng) }
      weights += hasBias ? [0.3, -0.2] : [0, 0]
      compensation = Compensation(
        site: site, moments: moments, weights: Matrix(rows: columns + 1, columns: 2, values: weights),
        ridge: CompensationTests.ridge)
      var removal = Removal(TestSites.groups(of: site))
      for unit in gone { removal.removed[0][unit] = true }
      self.removal = removal
    }
  }

  /// (G + λI)⁻¹ b over predictors (the last one a free constant if there is one), from explicit rows.
  private static func regression(_ rows: [[Double]], _ targets: [[Double]], hasConstant: Bool) -> [[Double]] {
    let width = rows[0].count
    func dot(_ i: Int, _ j: Int) -> Double { rows.reduce(0) { $0 + $1[i] * $1[j] } }
    var gram = (0..<width).map { i in (0..<width).map { dot(i, $0) } }
    let free = hasConstant ? width - 1 : width
    let mean = (0..<free).reduce(0) { $0 + gram[$1][$1] } / Double(free)
    for i in 0..<free { gram[i][i] += ridge * mean }
    let cross = (0..<width).map { i in
      (0..<targets[0].count).map { j in zip(rows, targets).reduce(0) { $0 + $1.0[i] * $1.1[j] } }
    }
    return solvedPlainly(gram, cross)
  }

  /// Patch: kept columns take over what is missing, W_S + the ridge regression of x_E W_E on x_S.
  @Test(arguments: [(6, 1, true), (4, 3, true), (6, 1, false)])
  func patchIsTheRidgeRegressionOfWhatIsMissing(units: Int, block: Int, hasBias: Bool) {
    let p = Problem(units: units, block: block, rows: 200, hasBias: hasBias, seed: 1, removing: [1, 3])
    #expect(p.compensation.form == .patch)
    let kept = p.site.keptColumns(p.removal)
    let gone = (0..<p.site.columns).filter { !kept.contains($0) }
    let missing = p.rows.map { x in (0..<2).map { j in gone.reduce(0) { $0 + x[$1] * p.weights[$1, j] } } }
    let predictors = p.rows.map { x in kept.map { x[$0] } + (hasBias ? [1] : []) }
    let step = Self.regression(predictors, missing, hasConstant: hasBias)
    let found = p.compensation.weights(removing: p.removal)
    #expect(found.rows == kept.count + 1)
    for j in 0..<2 {
      for (k, column) in kept.enumerated() { #expect(abs(found[k, j] - p.weights[column, j] - step[k][j]) < 1e-8) }
      let constant = hasBias ? p.weights[p.site.columns, j] + step[kept.count][j] : 0
      #expect(abs(found[kept.count, j] - constant) < 1e-8)
    }
  }

  /// Channel: a removed unit is a mix of kept ones, the same at each of its places; the constant absorbs the mean error.
  @Test func channelsMixTheSameAtEveryPlace() {
    let p = Problem(units: 5, block: 4, rows: 15, seed: 2, removing: [2])
    #expect(p.compensation.form == .channel)
    let others = [0, 1, 3, 4]
    var predictors: [[Double]] = []
    var removed: [[Double]] = []
    for x in p.rows {
      for t in 0..<4 {
        predictors.append(others.map { x[$0 * 4 + t] } + [1])
        removed.append([x[2 * 4 + t]])
      }
    }
    let mix = Self.regression(predictors, removed, hasConstant: true)
    let found = p.compensation.weights(removing: p.removal)
    for j in 0..<2 {
      for (k, unit) in others.enumerated() {
        for t in 0..<4 {
          let wanted = p.weights[unit * 4 + t, j] + mix[k][0] * p.weights[8 + t, j]
          #expect(abs(found[k * 4 + t, j] - wanted) < 1e-8)
        }
      }
      let kept = p.site.keptColumns(p.removal)
      var (before, after) = (0.0, 0.0)
      for x in p.rows {
        for i in 0..<20 { before += x[i] * p.weights[i, j] }
        for (k, column) in kept.enumerated() { after += x[column] * found[k, j] }
      }
      #expect(abs(found[16, j] - p.weights[20, j] - (before - after) / 15) < 1e-8)
    }
  }

  /// The dense layer after maps of two sizes: units take four columns or one.
  @Test func blocksOfTwoSizesAreNotMixed() {
    var rng = SplitMix64(seed: 3)
    let columns = 3 * 4 + 2
    let units = (0..<12).map { [UnitRef(group: 0, unit: $0 / 4)] } + (0..<2).map { [UnitRef(group: 1, unit: $0)] }
    let site = TestSites.dense(units, outputs: 2, hasBias: true)
    let x = (0..<10 * columns).map { _ in Float.random(in: 0...1, using: &rng) }
    var moments = Moments(columns: columns)
    x.withUnsafeBufferPointer { moments.add(rows: $0, count: 10) }
    moments.finish()
    let values = (0..<(columns + 1) * 2).map { _ in Double.random(in: -1...1, using: &rng) }
    let weights = Matrix(rows: columns + 1, columns: 2, values: values)
    let compensation = Compensation(site: site, moments: moments, weights: weights)
    let groups = [3, 2].map { TestSites.group(of: $0) }
    for (group, unit) in [(0, 1), (1, 0)] {
      var removal = Removal(groups)
      removal.removed[group][unit] = true
      let kept = site.keptColumns(removal)
      let found = compensation.weights(removing: removal)
      #expect(found.rows == kept.count + 1)
      // Whatever the mix, the mean of every output stays.
      for j in 0..<2 {
        let mean = { (r: Int) in Double(moments.sum[r]) / 10 }
        let before = (0..<columns).reduce(weights[columns, j]) { $0 + mean($1) * weights[$1, j] }
        let after = kept.indices.reduce(found[kept.count, j]) { $0 + mean(kept[$1]) * found[$1, j] }
        #expect(abs(before - after) < 1e-6)
      }
      // A unit with a size of its own is not free of cost.
      var elimination = Elimination(group: group, count: groups[group].count, readers: [compensation])
      #expect(elimination.run(in: Array(0..<groups[group].count)).error[1] > 1e-9)
    }
  }

  @Test func removingNothingReturnsTheLayer() {
    let p = Problem(units: 4, block: 2, rows: 50, seed: 4, removing: [])
    #expect(p.compensation.weights(removing: p.removal) == p.weights)
  }

  @Test func formFollowsTheNumberOfRows() {
    func form(_ rows: Int, block: Int) -> Compensation.Form {
      Problem(units: 4, block: block, rows: rows, seed: 5, removing: []).compensation.form
    }
    #expect(form(16, block: 2) == .patch && form(15, block: 2) == .channel)
    #expect(form(3, block: 1) == .patch, "with one column a unit both forms are one")
  }

  @Test func unitGramSumsOverPlaces() {
    let p = Problem(units: 3, block: 2, rows: 40, seed: 6, removing: [])
    let gram = p.compensation.unitGram(of: 0, count: 3)
    for a in 0..<3 {
      for b in 0..<3 {
        let wanted = p.rows.reduce(0.0) { $0 + $1[2 * a] * $1[2 * b] + $1[2 * a + 1] * $1[2 * b + 1] }
        #expect(abs(gram[a, b] - wanted) < 1e-8)
      }
    }
  }

  @Test func blocksFollowTheAxis() {
    let units = [[UnitRef(group: 0, unit: 1)], [], [UnitRef(group: 0, unit: 0)], [UnitRef(group: 0, unit: 1)]]
    let site = TestSites.dense(units, outputs: 1, hasBias: false)
    #expect(site.blocks().map(\.columns) == [[0, 3], [1], [2]])
    #expect(site.blocks().map(\.units) == [units[0], [], units[2]])
    #expect(site.uniformBlocks() == [[0, 3]])
  }
}
