import ShrinkGraph
import ShrinkMath
import ShrinkOps
import ShrinkRun

/// Linear interfaces turned to principal axes, so that the last of their channels are those that matter least.
///
/// Where nothing but sums and moves stands between the layers that make channels and those that read them (the stream of
/// inverted residuals, a factorised layer), x M and M⁻¹ O are the same network for any invertible M. The one chosen here
/// sorts channels by the singular values of C^½ O, with the second moments C of what is read and the weights O of all
/// readers: cutting the last ones is the best approximation of that rank (Eckart and Young 1936), and never worse than
/// picking channels as they stand. Source: Ashkboos et al., "SliceGPT", ICLR 2024, for the streams of transformers.
struct StreamBasis {
  private let prepared: Prepared
  private let source: SampleSource
  private let samples: [Int]

  /// Turns streams of `prepared`, judging by some of `samples`.
  init(_ prepared: Prepared, source: SampleSource, samples: [Int]) {
    (self.prepared, self.source) = (prepared, source)
    self.samples = Array(samples.prefix(8))
  }

  /// Nodes that treat every channel alike, and nothing but sums of channels in the same way.
  private static let linear: Set<String> = [
    "Add", "Sub", "Identity", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Slice", "Split",
    "GlobalAveragePool", "AveragePool", "ReduceMean", "ReduceSum", "Dropout",
  ]

  /// The graph with its streams turned; nil where there are none.
  func turned() throws(ShrinkError) -> Graph? {
    let turns = prepared.coupled.groups.indices.compactMap(turn)
    guard !turns.isEmpty else { return nil }
    let reference = try Reference(prepared.graph, source: source, samples: samples)
    var graph: Graph?
    for turn in turns {
      var trial = graph ?? prepared.graph
      guard apply(turn, to: &trial),
        try reference.distance(of: trial, source: source).relativeError < PrincipalAxes.rounding
      else { continue }
      graph = trial
    }
    return graph
  }

  /// Columns of the layers that make the channels of a group, and rows of those that read them.
  private struct Turn {
    let makers: [(site: Int, columns: [Int])]
    /// Rows of each channel, one a tap.
    let readers: [(site: Int, rows: [[Int]])]
  }

  private func turn(_ g: Int) -> Turn? {
    let (group, coupled, graph) = (prepared.coupled.groups[g], prepared.coupled, prepared.graph)
    guard group.kind == .channels, group.count > 1, group.pairs.isEmpty, !group.readers.isEmpty,
      group.between.allSatisfy({ Self.linear.contains(graph[$0].opType) && graph[$0].domain.isEmpty })
    else { return nil }
    var makers: [(site: Int, columns: [Int])] = []
    for (s, site) in coupled.sites.enumerated() where group.producers.contains(site.node) {
      guard site.isSingle, site.isPlain(in: graph), let columns = site.columnsMade(of: group),
        columns.allSatisfy({ $0.count == 1 })
      else { return nil }
      makers.append((s, columns.map { $0[0] }))
    }
    var readers: [(site: Int, rows: [[Int]])] = []
    for s in group.readers {
      let site = coupled.sites[s]
      let rows = site.columns(of: g, count: group.count)
      guard site.isSingle, site.isPlain(in: graph), prepared.compensations[s]?.moments.columns == site.columns,
        Set(rows.map(\.count)).count == 1, rows[0].count == site.product.taps
      else { return nil }
      readers.append((s, rows))
    }
    return makers.isEmpty ? nil : Turn(makers: makers, readers: readers)
  }

  /// Rewrites the weights of a turn; false where they cannot be.
  private func apply(_ turn: Turn, to graph: inout Graph) -> Bool {
    let sites = prepared.coupled.sites
    var matrices: [Int: Matrix] = [:]
    for s in turn.makers.map(\.site) + turn.readers.map(\.site) { matrices[s] = sites[s].matrix(in: graph) }
    guard let axes = axes(turn, matrices) else { return false }
    for maker in turn.makers {
      guard let old = matrices[maker.site] else { return false }
      matrices[maker.site]?.setColumns(maker.columns, to: old.columns(maker.columns) * axes.forward)
    }
    for reader in turn.readers {
      for tap in 0..<(reader.rows.first?.count ?? 0) {
        let rows = reader.rows.map { $0[tap] }
        guard let old = matrices[reader.site] else { return false }
        matrices[reader.site]?.setRows(rows, to: axes.backward * old.rows(rows))
      }
    }
    for (s, matrix) in matrices { sites[s].write(matrix, to: &graph) }
    return true
  }

  /// Moments and weights over all readers, each relative to what it makes.
  private func axes(_ turn: Turn, _ matrices: [Int: Matrix]) -> (forward: Matrix, backward: Matrix)? {
    let count = turn.readers.first?.rows.count ?? 0
    var moments = Matrix(rows: count, columns: count)
    var outputs: [Matrix] = []
    for reader in turn.readers {
      guard let compensation = prepared.compensations[reader.site], let weights = matrices[reader.site] else {
        return nil
      }
      let share = 1 / Double(max(compensation.moments.rows, 1))
      let scale = (1 / max(compensation.outputEnergy * share, 1e-30)).squareRoot()
      for tap in 0..<(reader.rows.first?.count ?? 0) {
        let rows = reader.rows.map { $0[tap] }
        moments.add(compensation.moments.gram.submatrix(rows: rows, columns: rows), factor: share)
        outputs.append(scale * weights.rows(rows))
      }
    }
    let width = outputs.reduce(0) { $0 + $1.columns }
    var side = Matrix(rows: count, columns: width)
    var start = 0
    for output in outputs {
      for i in 0..<count { for j in 0..<output.columns { side[i, start + j] = output[i, j] } }
      start += output.columns
    }
    return PrincipalAxes.ofProduct(moments, side)
  }
}
