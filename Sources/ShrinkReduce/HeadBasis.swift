import ShrinkGraph
import ShrinkMath
import ShrinkOps
import ShrinkRun

/// Attention heads with the places inside them turned to principal axes, so that the last places of every head are those
/// that matter least.
///
/// The scores of a head see queries and keys only through their products, its output sees values only through the
/// projection behind them: q M and k M⁻ᵀ, or v M and M⁻¹ O, are the same head for any invertible M. Places can only go
/// from all heads at once, so each head has its own M that sorts them by what they carry: the singular values of
/// Q^½ K^½ for queries and keys with second moments Q and K, and of C^½ O for the mixed values with second moments C.
/// The product without the last places is the best of its rank (Eckart and Young 1936) where queries and keys are
/// independent, as in data-aware low-rank factorisation (Hsu et al., arXiv 2207.00112; Chen et al., NeurIPS 2021, DRONE).
struct HeadBasis {
  private let prepared: Prepared
  private let source: SampleSource
  private let samples: [Int]
  private let seed: UInt64

  /// Turns heads of `prepared`, judging by some of `samples`.
  init(_ prepared: Prepared, source: SampleSource, samples: [Int], seed: UInt64) {
    (self.prepared, self.source, self.seed) = (prepared, source, seed)
    self.samples = Array(samples.prefix(Self.most))
  }

  private static let most = 128
  /// Rows whose moments tell the principal axes.
  private static let rows = 16_384

  /// The graph with its heads turned; nil where there are none.
  ///
  /// Heads whose places something else tells apart (rotary embeddings, norms of queries) come out differently when they
  /// are turned: they stay as they are.
  func turned() throws(ShrinkError) -> Graph? {
    let turns = prepared.coupled.groups.indices.compactMap(turn)
    guard !turns.isEmpty else { return nil }
    let moments = try moments(Set(turns.map(\.measured)).union(turns.flatMap { $0.places[0].map(\.site) }))
    let reference = try Reference(prepared.graph, source: source, samples: Array(samples.prefix(8)))
    var graph: Graph?
    for turn in turns {
      for layout in turn.layouts {
        var trial = graph ?? prepared.graph
        guard apply(turn, layout, moments, to: &trial) else { continue }
        guard try reference.distance(of: trial, source: source).relativeError < PrincipalAxes.rounding else { continue }
        graph = trial
        break
      }
    }
    return graph
  }
}

// MARK: What can be turned

extension HeadBasis {
  /// A column of a layer's matrix.
  private struct Column {
    let site: Int
    let column: Int
  }
  /// The places of a group in the layers that make and read them.
  private struct Turn {
    /// For each place the columns that make it, of all heads: queries and keys, or values.
    let places: [[Column]]
    /// For each place the rows of the layer that reads it, of all heads; none for queries and keys.
    let reader: (site: Int, rows: [[Int]])?
    /// A site whose rows must be summed up.
    var measured: Int { reader?.site ?? places[0][0].site }
    /// Whether queries and keys are among the columns, and whether values are.
    let isOfScores: Bool
    var isOfValues: Bool { reader != nil }
    var heads: Int { places[0].count / ((isOfScores ? 2 : 0) + (isOfValues ? 1 : 0)) }

    /// Which columns belong to each head: all queries in front of all keys and values, or head by head.
    var layouts: [[Head]] {
      let (count, each) = (heads, places[0].count / heads)
      let value = isOfScores ? 2 : 0
      func layout(_ place: (_ head: Int, _ part: Int) -> Int) -> [Head] {
        (0..<count).map { h in
          Head(
            query: isOfScores ? place(h, 0) : nil, key: isOfScores ? place(h, 1) : nil,
            value: isOfValues ? place(h, value) : nil)
        }
      }
      let together = layout { head, part in part * count + head }
      return count > 1 && each > 1 ? [together, layout { head, part in head * each + part }] : [together]
    }
  }
  /// Positions among the columns of a place.
  private struct Head {
    let query: Int?, key: Int?, value: Int?
  }

  private func turn(_ g: Int) -> Turn? {
    let (group, coupled) = (prepared.coupled.groups[g], prepared.coupled)
    guard group.kind == .queryKeyWidth || group.kind == .valueWidth, group.count > 1 else { return nil }
    var places = [[Column]](repeating: [], count: group.count)
    for (s, site) in coupled.sites.enumerated() where group.producers.contains(site.node) {
      guard site.isSingle, site.isPlain(in: prepared.graph), let columns = site.columnsMade(of: group) else {
        return nil
      }
      for (place, list) in columns.enumerated() { places[place] += list.map { Column(site: s, column: $0) } }
    }
    guard let count = places.first?.count, count > 0, places.allSatisfy({ $0.count == count }),
      group.readers.count < 2, group.pairs.count < 2
    else { return nil }
    let isOfScores = !group.pairs.isEmpty
    guard let s = group.readers.first else {
      guard isOfScores, count % 2 == 0 else { return nil }
      return Turn(places: places, reader: nil, isOfScores: true)
    }
    let site = coupled.sites[s]
    let rows = site.columns(of: g, count: group.count)
    let heads = isOfScores ? count / 3 : count
    guard site.isSingle, site.isPlain(in: prepared.graph), site.product.taps == 1, heads > 0, count % heads == 0,
      rows.allSatisfy({ $0.count == heads })
    else { return nil }
    return Turn(places: places, reader: (s, rows), isOfScores: isOfScores)
  }
}

// MARK: Turning

extension HeadBasis {
  /// Second moments of what sites read, with the constant behind, by site.
  private func moments(_ sites: Set<Int>) throws(ShrinkError) -> [Int: Matrix] {
    var sums: [Int: Moments] = [:]
    for s in sites { sums[s] = Moments(columns: prepared.coupled.sites[s].columns) }
    let ofNode = Dictionary(grouping: sites, by: { prepared.coupled.sites[$0].node })
    let executor = try Executor(prepared.graph)
    let sampler = RowSampler(wanted: Self.rows, samples: samples.count, seed: seed)
    for run in source.runs(samples) {
      _ = try executor.run(try source.feeds(run, of: prepared.graph)) {
        (node, operands, results) throws(ShrinkError) in
        for s in ofNode[node] ?? [] {
          guard let rows = prepared.coupled.sites[s].rows(operands, results, run: run, sampler) else { continue }
          rows.values.withUnsafeBufferPointer { sums[s]?.add(rows: $0, count: rows.count) }
        }
      }
    }
    return sums.mapValues { moments in
      var finished = moments
      finished.finish()
      return finished.augmentedGram
    }
  }

  /// Rewrites the weights of a turn; false where they cannot be.
  private func apply(_ turn: Turn, _ layout: [Head], _ moments: [Int: Matrix], to graph: inout Graph) -> Bool {
    var matrices: [Int: Matrix] = [:]
    for s in Set(turn.places[0].map(\.site) + [turn.measured]) {
      matrices[s] = prepared.coupled.sites[s].matrix(in: graph)
    }
    for (h, head) in layout.enumerated() {
      func columns(_ part: Int) -> [Column] { turn.places.map { $0[part] } }
      if let query = head.query.map(columns), let key = head.key.map(columns) {
        guard let q = Self.secondMoment(query, matrices, moments), let k = Self.secondMoment(key, matrices, moments),
          let axes = Self.scoreAxes(q, k)
        else { return false }
        Self.mix(&matrices, query, axes.queries)
        Self.mix(&matrices, key, axes.keys)
      }
      if let value = head.value.map(columns), let reader = turn.reader {
        let rows = reader.rows.map { $0[h] }
        guard let mixed = moments[reader.site]?.submatrix(rows: rows, columns: rows),
          let output = matrices[reader.site]?.rows(rows), let axes = PrincipalAxes.ofProduct(mixed, output)
        else { return false }
        Self.mix(&matrices, value, axes.forward)
        matrices[reader.site]?.setRows(rows, to: axes.backward * output)
      }
    }
    for (s, matrix) in matrices { prepared.coupled.sites[s].write(matrix, to: &graph) }
    return true
  }

  /// Second moments of what columns of one layer make.
  private static func secondMoment(_ columns: [Column], _ matrices: [Int: Matrix], _ moments: [Int: Matrix]) -> Matrix?
  {
    guard let s = columns.first?.site, columns.allSatisfy({ $0.site == s }), let gram = moments[s],
      let w = matrices[s]?.columns(columns.map(\.column)), gram.rows == w.rows
    else { return nil }
    return w.transposedTimes(gram * w)
  }

  /// Columns ← columns · M.
  private static func mix(_ matrices: inout [Int: Matrix], _ columns: [Column], _ m: Matrix) {
    guard let s = columns.first?.site, let old = matrices[s]?.columns(columns.map(\.column)) else { return }
    matrices[s]?.setColumns(columns.map(\.column), to: old * m)
  }

  /// M for queries and M⁻ᵀ for keys.
  private static func scoreAxes(_ q: Matrix, _ k: Matrix) -> (queries: Matrix, keys: Matrix)? {
    guard let rq = PrincipalAxes.root(q), let rk = PrincipalAxes.root(k) else { return nil }
    let product = rq.root.timesTransposed(rk.root)
    guard let axes = PrincipalAxes.sorted(product.transposedTimes(product)) else { return nil }
    let halves = axes.singular.map { $0.squareRoot() }
    return (
      rk.root.transposedTimes(axes.vectors) * Matrix(diagonal: halves.map { 1 / $0 }),
      rk.inverse * axes.vectors * Matrix(diagonal: halves)
    )
  }
}
