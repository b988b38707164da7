import ShrinkGraph
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
  /// Where linear layers alone make its units their weights are evidence; of other groups only activity is known.
  /// With `all`, no unit counts as seen enough: only what the weights prove is left.
  init(group g: Int, _ prepared: Prepared, all: Bool) {
    let group = prepared.coupled.groups[g]
    guard let filters = Self.filters(of: group, prepared) else {
      let seldom = (0..<group.count).filter { all || Self.isSeldomRead($0, g, prepared) }
      directions = seldom.map { unit in (0..<group.count).map { $0 == unit ? 1 : 0 } }
      return
    }
    let isClosed = Self.isMadeOfItself(group, prepared)
    var matrices: [Int: Matrix] = [:]
    if group.producers.count == 1 {
      for s in Set(filters.compactMap { $0.onlyColumn?.site }) {
        matrices[s] = prepared.coupled.sites[s].matrix(in: prepared.graph)
      }
    }
    let seldom = filters.indices.filter { unit in
      // No weights, and nothing else that comes in: the same whatever the data.
      if filters[unit].isFixed, isClosed { return false }
      guard let only = filters[unit].onlyColumn, let matrix = matrices[only.site] else {
        return all || Self.isSeldomRead(unit, g, prepared)
      }
      let range = prepared.ranges[only.site]
      let isProven = range.staysNegative(output: only.column, weights: matrix)
      return all
        ? !(isProven && Self.readings(of: unit, g, prepared).allSatisfy { $0.active == 0 })
        : range.isSeldomPositive(output: only.column) && !isProven
    }
    let steady = filters.indices.filter { unit in
      Self.readings(of: unit, g, prepared).allSatisfy { $0.active == prepared.ranges[$0.reader].rows }
    }
    directions = Self.classes(seldom, steady: Set(steady), filters)
  }

  /// What makes each unit; nil where something else than linear layers does, or no result shows what they make.
  private static func filters(of group: ChannelGroup, _ prepared: Prepared) -> [Filter]? {
    var filters = [Filter](repeating: Filter(), count: group.count)
    var seen = Set<NodeID>()
    for site in prepared.coupled.sites where group.producers.contains(site.node) {
      guard let made = site.columnsMade(of: group) else { return nil }
      let matrix = site.matrix(in: prepared.graph)
      for (unit, columns) in made.enumerated() { filters[unit].append(matrix, columns, site: site.index) }
      seen.formUnion(site.applications)
    }
    guard !seen.isEmpty, seen.isSuperset(of: group.producers) else { return nil }
    return filters
  }

  /// Whether all that its units pass through belongs to the group: nothing brings in other data.
  private static func isMadeOfItself(_ group: ChannelGroup, _ prepared: Prepared) -> Bool {
    let own = Set(group.axes.map(\.axis.value))
    return group.between.allSatisfy { id in
      // What is joined stands beside the units.
      if prepared.graph[id].opType == "Concat", prepared.graph[id].domain.isEmpty { return true }
      let moving = prepared.graph[id].inputs.compactMap(\.self).filter { prepared.graph[$0].constant == nil }
      // Integers beside units are sizes and places; without units they choose among rows of a table.
      return moving.contains(where: own.contains)
        && moving.allSatisfy { own.contains($0) || prepared.types[$0.index]?.dtype == .int64 }
    }
  }

  /// In how many rows each reader of a unit has seen that it is not zero, at the place where it was most often so.
  private static func readings(of unit: Int, _ g: Int, _ prepared: Prepared) -> [(reader: Int, active: Int)] {
    let group = prepared.coupled.groups[g]
    return group.readers.compactMap { r in
      let columns = prepared.coupled.sites[r].columns(of: g, count: group.count)[unit]
      return columns.map { prepared.ranges[r].nonzeros[$0] }.max().map { (r, $0) }
    }
  }

  private static func isSeldomRead(_ unit: Int, _ g: Int, _ prepared: Prepared) -> Bool {
    readings(of: unit, g, prepared).contains { $0.active < prepared.ranges[$0.reader].leastRows }
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

/// The weights that make one unit, in every layer that makes it.
private struct Filter {
  private var weights: [Double] = []
  private var constants: [Double] = []
  /// The columns that they come from: as many of each site, in order, or the two are not alike.
  private var columns: [(site: Int, column: Int)] = []
  private var square = 0.0

  var norm: Double { max(square.squareRoot(), 1e-30) }
  /// Whether nothing that the layers read goes into it.
  var isFixed: Bool { square == 0 && !columns.isEmpty }
  /// The column of the one product that makes it.
  var onlyColumn: (site: Int, column: Int)? { columns.count == 1 ? columns[0] : nil }

  mutating func append(_ matrix: Matrix, _ made: [Int], site: Int) {
    for column in made {
      let all = matrix.column(column)
      weights += all.dropLast()
      constants.append(all.last ?? 0)
      columns.append((site, column))
      square += all.dropLast().reduce(0) { $0 + $1 * $1 }
    }
  }

  /// Whether it is positive where another, made with opposite weights, crosses zero.
  func isOnWhenWaking(_ other: Filter) -> Bool {
    guard constants.count == 1, other.constants.count == 1 else { return false }
    return constants[0] + norm / other.norm * other.constants[0] > 1e-3 * norm
  }

  /// Whether it is a multiple of another, positive or with `sign` -1 negative, within the rounding of float32.
  func isMultiple(of other: Filter, sign: Double = 1, withConstant: Bool = false) -> Bool {
    guard columns.map(\.site) == other.columns.map(\.site) else { return false }
    let factor = sign * norm / other.norm
    let allowed = 1e-10 * norm * norm
    var difference = 0.0
    if withConstant {
      for i in constants.indices {
        let apart = constants[i] - factor * other.constants[i]
        difference += apart * apart
      }
    }
    // Most pairs differ in their first weights.
    for i in weights.indices where difference <= allowed {
      let apart = weights[i] - factor * other.weights[i]
      difference += apart * apart
    }
    return difference <= allowed
  }
}
