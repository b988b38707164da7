import ShrinkMath

/// Units that the samples have hardly ever seen active, and in which directions other samples may move them.
///
/// A relation that holds because a unit was silent, or because two units were active on the same few rows, may fail on the
/// next sample. The weights that make the units tell which relations hold whatever comes: units made with proportional
/// weights move together. So each class of seldom units is given a direction in which it may move, along with all units
/// made with the same weights up to the constant term; relations that such a move breaks are not exact.
struct SeldomUnits {
  /// For each class, how far every unit of the group moves: 0 for units that do not.
  private(set) var directions: [[Double]] = []

  /// Looks at a group.
  ///
  /// Where one site makes its units its weights are evidence; of other groups only activity is known.
  /// With `all`, no unit counts as seen enough: only what the weights prove is left.
  init(group g: Int, _ prepared: Prepared, all: Bool) {
    let group = prepared.coupled.groups[g]
    let sites = prepared.coupled.sites
    guard group.producers.count == 1, let site = sites.first(where: { $0.node == group.producers[0] }),
      let made = site.columnsMade(of: group), made.allSatisfy({ $0.count == 1 })
    else {
      let seldom = (0..<group.count).filter { all || Self.isSeldomRead($0, g, prepared) }
      directions = seldom.map { unit in (0..<group.count).map { $0 == unit ? 1 : 0 } }
      return
    }
    let range = prepared.ranges[site.index]
    let matrix = site.matrix(in: prepared.graph)
    let columns = made.map { $0[0] }
    let filters = columns.map { Filter(matrix, $0) }
    let seldom = columns.indices.filter { unit in
      let isProven = range.staysNegative(output: columns[unit], weights: matrix)
      return all
        ? !(isProven && Self.readings(of: unit, g, prepared).allSatisfy { $0 == 0 })
        : range.isSeldomPositive(output: columns[unit]) && !isProven
    }
    let steady = columns.indices.filter { unit in
      zip(Self.readings(of: unit, g, prepared), group.readers).allSatisfy { $0 == prepared.ranges[$1].rows }
    }
    directions = Self.classes(seldom, steady: Set(steady), filters)
  }

  /// In how many rows each reader has seen a unit that is not zero, at the place where it was most often so.
  private static func readings(of unit: Int, _ g: Int, _ prepared: Prepared) -> [Int] {
    let group = prepared.coupled.groups[g]
    return group.readers.map { r in
      let columns = prepared.coupled.sites[r].columns(of: g, count: group.count)[unit]
      return columns.map { prepared.ranges[r].nonzeros[$0] }.max() ?? 0
    }
  }

  private static func isSeldomRead(_ unit: Int, _ g: Int, _ prepared: Prepared) -> Bool {
    zip(readings(of: unit, g, prepared), prepared.coupled.groups[g].readers).contains { count, reader in
      count < prepared.ranges[reader].leastRows
    }
  }

  /// One direction for each class of seldom units with proportional weights.
  ///
  /// Units made with the same weights move along; `steady` ones, which were never zero, also move against units made with
  /// the opposite weights, unless that has switched them off before those wake.
  private static func classes(_ seldom: [Int], steady: Set<Int>, _ filters: [Filter]) -> [[Double]] {
    let isSeldom = Set(seldom)
    var directions: [[Double]] = []
    var done = Set<Int>()
    for unit in seldom where !done.contains(unit) {
      let own = filters[unit]
      let kin = Set(seldom.filter { $0 == unit || filters[$0].isMultiple(of: own, withConstant: true) })
      done.formUnion(kin)
      directions.append(
        filters.indices.map { other in
          let ratio = filters[other].norm / own.norm
          if kin.contains(other) { return ratio }
          if isSeldom.contains(other) { return 0 }
          if filters[other].isMultiple(of: own) { return ratio }
          let staysOn = steady.contains(other) && filters[other].isOnWhenWaking(own)
          return staysOn && filters[other].isMultiple(of: own, sign: -1) ? -ratio : 0
        })
    }
    return directions
  }
}

/// The weights that make one unit.
private struct Filter {
  private let weights: [Double]
  private let constant: Double
  let norm: Double

  init(_ matrix: Matrix, _ column: Int) {
    let all = matrix.column(column)
    weights = Array(all.dropLast())
    constant = all.last ?? 0
    norm = max(weights.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-30)
  }

  /// Whether it is positive where another, made with opposite weights, crosses zero.
  func isOnWhenWaking(_ other: Filter) -> Bool { constant + norm / other.norm * other.constant > 1e-3 * norm }

  /// Whether it is a multiple of another, positive or with `sign` -1 negative, within the rounding of float32.
  func isMultiple(of other: Filter, sign: Double = 1, withConstant: Bool = false) -> Bool {
    let factor = sign * norm / other.norm
    let allowed = 1e-10 * norm * norm
    var difference = withConstant ? (constant - factor * other.constant) * (constant - factor * other.constant) : 0
    // Most pairs differ in their first weights.
    for i in weights.indices where difference <= allowed {
      let apart = weights[i] - factor * other.weights[i]
      difference += apart * apart
    }
    return difference <= allowed
  }
}
