import ShrinkGraph
import ShrinkMath

/// The lossless stage: removes units that depend exactly on others and lets their readers absorb them.
package struct ExactStage {
  private let prepared: Prepared
  private let tolerance: Double
  private let alignment: Alignment?

  /// Works on a graph with channel statistics of its sites.
  ///
  /// `tolerance`: largest share of a unit's energy that the others may leave unexplained; with `aligned`, units stay
  /// where they fill a block of channels.
  package init(_ prepared: Prepared, tolerance: Double, aligned: Bool = false) {
    self.prepared = prepared
    self.tolerance = tolerance
    alignment = aligned ? Alignment(prepared.coupled, types: prepared.types) : nil
  }

  /// Removes what can go from every allowed group; the graph keeps its function.
  package func run(allowed: [Bool]) -> (graph: Graph, removal: Removal) {
    var removal = Removal(prepared.coupled.groups)
    var relations: [Int: Dependence] = [:]
    // From the outputs backwards: what a dead unit reads need not be kept for it.
    let groups = prepared.coupled.groups
    let backwards = groups.indices.sorted {
      (groups[$0].readers.max() ?? -1, $0) > (groups[$1].readers.max() ?? -1, $1)
    }
    for g in backwards where allowed[g] {
      guard groups[g].pairs.isEmpty else {
        let silent = silent(g)
        for unit in silent.dropFirst(short(g, silent.count)) { removal.removed[g][unit] = true }
        continue
      }
      guard var found = dependence(g, removal) else { continue }
      found = found.removing(found.removed.count - short(g, found.removed.count))
      if found.removed.isEmpty { continue }
      relations[g] = found
      for unit in found.removed { removal.removed[g][unit] = true }
    }
    guard removal.removed.contains(where: { $0.contains(true) }) else { return (prepared.graph, removal) }
    var small = prepared.rewrite.apply(removal)
    for site in prepared.coupled.sites { absorb(relations, removal, site, &small) }
    return (small, removal)
  }

  /// How many of so many units stay after all.
  private func short(_ g: Int, _ removed: Int) -> Int {
    alignment?.short(g, of: prepared.coupled.groups[g].count, without: removed) ?? 0
  }

  /// Units that add nothing to the products that sum over them, where nothing else reads them.
  ///
  /// One unit stays whatever it adds.
  private func silent(_ g: Int) -> [Int] {
    let own = prepared.pairMoments.filter { $0.group == g }
    guard prepared.coupled.groups[g].readers.isEmpty, own.count == prepared.coupled.groups[g].pairs.count else {
      return []
    }
    let silent = (0..<prepared.coupled.groups[g].count).filter { unit in
      own.allSatisfy { $0.squares[unit, unit] <= 1e-15 * $0.energy }
    }
    return silent.count < prepared.coupled.groups[g].count ? silent : Array(silent.dropFirst())
  }

  private func dependence(_ g: Int, _ removal: Removal) -> Dependence? {
    let group = prepared.coupled.groups[g]
    let sharing = group.readers.filter { !isOwn(prepared.coupled.sites[$0], g) }
    let readers = sharing.compactMap { prepared.compensations[$0] }
    guard readers.count == sharing.count, !readers.isEmpty, group.count > 1,
      readers.allSatisfy({ $0.tellsUnits(of: g, count: group.count) })
    else { return nil }
    let usesConstant = readers.allSatisfy { $0.site.hasBias && !$0.site.product.isPadded }
    func found(all: Bool) -> Dependence {
      let directions = SeldomUnits(group: g, prepared, all: all).directions
      let evidence = readers.map { reader in
        Dependence.Evidence(
          gram: adding(directions, to: reader.unitGram(of: g, count: group.count)),
          weights: weights(reader, g, group.count, removal))
      }
      return Dependence(units: group.count, evidence: evidence, usesConstant: usesConstant, tolerance: tolerance)
    }
    // As many rows as units are always dependent: relations need rows to spare.
    let rows = sharing.map { prepared.ranges[$0].rows }.min() ?? 0
    let seen = found(all: false)
    return rows >= seen.rank + seen.rank / 2 + 32 ? seen : found(all: true)
  }

  /// Whether a layer reads and makes one unit alone, as one group of a grouped convolution: it goes along with the unit.
  private func isOwn(_ site: Site, _ g: Int) -> Bool {
    let read = Set(site.units.map { units in units.first { $0.group == g }?.unit })
    guard read.count == 1, let only = read.first, let unit = only else { return false }
    let made = site.columnsMade(of: prepared.coupled.groups[g])
    return made?[unit].count == site.product.outputs
  }

  /// Gives each direction the mean energy of a unit, so that no relation that it breaks is believed.
  private func adding(_ directions: [[Double]], to gram: Matrix) -> Matrix {
    guard !directions.isEmpty else { return gram }
    let count = gram.rows - 1
    let mean = gram.diagonal.prefix(count).reduce(0, +) / Double(max(count, 1))
    let spread = Matrix(directions.map { $0 + [0] })
    var result = gram
    result.addProduct(spread.transposed, spread, factor: max(mean, 1e-30))
    return result
  }

  /// W Wᵀ over places and those outputs that stay, relative to all of it.
  private func weights(_ reader: Compensation, _ g: Int, _ count: Int, _ removal: Removal) -> Matrix {
    let columns = reader.site.columns(of: g, count: count)
    let outputs = prepared.rewrite.keptOutputs(reader.site, removal) ?? Array(0..<reader.weights.columns)
    let width = outputs.count
    let size = columns.map(\.count).max() ?? 0
    var spread = Matrix(rows: count, columns: size * width)
    for (u, list) in columns.enumerated() {
      for (t, column) in list.enumerated() {
        for (j, from) in outputs.enumerated() { spread[u, t * width + j] = reader.weights[column, from] }
      }
    }
    var result = spread.timesTransposed(spread)
    result.scale(by: 1 / max(result.diagonal.reduce(0, +), 1e-30))
    return result
  }

  /// Adds the weights of removed units to those that they depend on, at every place, and to the constant term.
  private func absorb(_ relations: [Int: Dependence], _ removal: Removal, _ site: Site, _ small: inout Graph) {
    guard site.units.contains(where: removal.takes), let cut = prepared.rewrite.cut(site, removal, in: small) else {
      return
    }
    var matrix = site.matrix(in: prepared.graph)
    for (g, relation) in relations.sorted(by: { $0.key < $1.key }) {
      let columns = site.columns(of: g, count: prepared.coupled.groups[g].count)
      for (r, removed) in relation.removed.enumerated() {
        for (t, column) in columns[removed].enumerated() {
          for (k, kept) in relation.kept.enumerated() where relation.mix[r, k] != 0 {
            matrix.addRow(column, factor: relation.mix[r, k], to: columns[kept][t])
          }
          let constant = relation.mix[r, relation.kept.count]
          if constant != 0 { matrix.addRow(column, factor: constant, to: site.columns) }
        }
      }
    }
    var kept = matrix.rows(site.keptColumns(removal) + [site.columns])
    if let outputs = prepared.rewrite.keptOutputs(site, removal) { kept = kept.columns(outputs) }
    cut.write(kept, to: &small)
  }
}
