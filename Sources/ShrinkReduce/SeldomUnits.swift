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

  /// Looks at a group that one site makes; of other groups nothing is known.
  init(group g: Int, _ prepared: Prepared) {
    let group = prepared.coupled.groups[g]
    guard group.producers.count == 1, let producer = group.producers.first,
      let site = prepared.coupled.sites.first(where: { $0.node == producer }), let range = prepared.ranges[site.index],
      let axis = group.axes.first(where: { $0.axis == ValueAxis(site.output, site.outputAxis) }), axis.perUnit == 1
    else { return }
    let matrix = site.matrix(in: prepared.graph)
    var filters = [Filter?](repeating: nil, count: group.count)
    for (column, unit) in axis.units.enumerated() where unit >= 0 {
      filters[Int(unit)] = Filter(matrix, column)
    }
    let seldom = axis.units.enumerated().filter { column, unit in
      unit >= 0 && range.isSeldomPositive(output: column) && !range.staysNegative(output: column, weights: matrix)
    }.map { Int($0.element) }
    var done = Set<Int>()
    for unit in seldom where !done.contains(unit) {
      guard let own = filters[unit] else { continue }
      let kin = seldom.filter { filters[$0].map { $0.isMultiple(of: own, withConstant: true) } ?? false }
      done.formUnion(kin)
      done.insert(unit)
      directions.append(
        filters.indices.map { other in
          guard let filter = filters[other] else { return 0 }
          if other == unit || kin.contains(other) { return filter.norm / own.norm }
          if seldom.contains(other) { return 0 }
          return filter.isMultiple(of: own, withConstant: false) ? filter.norm / own.norm : 0
        })
    }
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

  /// Whether it is a positive multiple of another, within the rounding of float32.
  func isMultiple(of other: Filter, withConstant: Bool) -> Bool {
    let factor = norm / other.norm
    var difference = zip(weights, other.weights).reduce(0.0) { $0 + ($1.0 - factor * $1.1) * ($1.0 - factor * $1.1) }
    if withConstant { difference += (constant - factor * other.constant) * (constant - factor * other.constant) }
    return difference <= 1e-10 * norm * norm
  }
}
