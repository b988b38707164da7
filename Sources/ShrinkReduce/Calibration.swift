import ShrinkGraph
import ShrinkMath
import ShrinkOps
import ShrinkRun

/// Moments of every site that reads units, from one streaming pass over the samples.
package struct Calibration: Sendable {
  /// One entry a site of `Coupled.sites`; nil for sites that read no units.
  package let moments: [Moments?]
  /// What every site of `Coupled.sites` has read and made.
  package let ranges: [SiteRange]

  /// Rows that enter the moments of a site: plenty for as many columns, and no more.
  package static func wantedRows(columns: Int) -> Int { max(16_384, 12 * columns) }
  /// Widest rows whose Gram matrix is kept whole; beyond, sums over blocks take its place.
  package static let widestPatch = 4_096

  /// Runs `graph` over `samples` of every source and sums up what its sites read.
  ///
  /// For the `lossless` stage alone, sums over blocks of units take the place of whole rows.
  package init(
    _ graph: Graph, coupled: Coupled, sources: [SampleSource], samples: [Int], seed: UInt64, lossless: Bool = false,
    progress: (Double) throws(ShrinkError) -> Void
  ) throws(ShrinkError) {
    let sites = coupled.sites
    var gatherers = sites.map { Gatherer($0, samples: samples.count, seed: seed, lossless: lossless) }
    var positionOfNode: [NodeID: Int] = [:]
    for (i, site) in sites.enumerated() { positionOfNode[site.node] = i }
    // Nothing behind the last site is needed.
    let executor = try Executor(graph, wanted: sites.map(\.output))
    let runs = sources.flatMap { source in source.runs(samples).map { (source, $0) } }
    for (r, (source, run)) in runs.enumerated() {
      let feeds = try source.feeds(run, of: graph)
      _ = try executor.run(feeds) { (node, operands, results) throws(ShrinkError) in
        guard let i = positionOfNode[node], let result = results.first else { return }
        gatherers[i].add(operands, result, run: run)
      }
      try progress(Double(r + 1) / Double(runs.count))
    }
    moments = sites.indices.map { sites[$0].readsUnits ? gatherers[$0].finished() : nil }
    ranges = gatherers.map(\.range)
  }
}

/// Sums the rows of one site.
struct Gatherer {
  private let site: Site
  private let sampler: RowSampler
  private var moments: Moments
  /// Columns of each block of units, where sums over blocks are kept.
  private let blocks: [[Int]]?
  /// Ranges over all rows.
  private(set) var range: SiteRange

  init(_ site: Site, samples: Int, seed: UInt64, lossless: Bool) {
    self.site = site
    let wanted = Calibration.wantedRows(columns: min(site.columns, Calibration.widestPatch))
    sampler = RowSampler(wanted: wanted, samples: samples, seed: seed)
    range = SiteRange(columns: site.columns, outputs: site.product.outputs)
    blocks = lossless || site.columns > Calibration.widestPatch ? site.uniformBlocks() : nil
    moments = Moments(columns: blocks?.count ?? site.columns)
  }

  mutating func add(_ operands: Operands<Tensor>, _ result: Tensor, run: [Int]) {
    guard let rows = site.rows(operands, run: run, sampler) else { return }
    let made = site.targets(result, positions: rows.positions, width: site.product.outputs)
    range.add(rows: rows.values, outputs: made, count: rows.count)
    guard site.readsUnits else { return }
    guard let blocks else { return rows.values.withUnsafeBufferPointer { moments.add(rows: $0, count: rows.count) } }
    // One row for each place within the blocks.
    let size = blocks.first?.count ?? 0
    let places = rows.count * size
    let spread = [Float](unsafeUninitializedCapacity: places * blocks.count) { out, count in
      for r in 0..<rows.count {
        for t in 0..<size {
          for (b, columns) in blocks.enumerated() {
            out[(r * size + t) * blocks.count + b] = rows.values[r * site.columns + columns[t]]
          }
        }
      }
      count = places * blocks.count
    }
    spread.withUnsafeBufferPointer { moments.add(rows: $0, count: places) }
  }

  mutating func finished() -> Moments {
    moments.finish()
    return moments
  }
}

extension Site {
  /// Rows of a run, row-major, and the positions that they stand at.
  struct Rows {
    let values: [Float]
    let positions: [Int]
    var count: Int { positions.count }
  }

  /// Rows of a run at sampled positions; nil when the operands do not make a product.
  func rows(_ operands: Operands<Tensor>, run: [Int], _ sampler: RowSampler) -> Rows? {
    let types = Operands(operands.items.map { $0.map { TensorType($0.dtype, $0.shape) } })
    guard let product = rule.product(types) else { return nil }
    let positions = sampler.positions(run: run, total: product.positions)
    let width = product.channels * product.taps
    let slots = (type(of: rule).data, type(of: rule).weight)
    let values = [Float](unsafeUninitializedCapacity: positions.count * width) { out, count in
      if let base = out.baseAddress, !positions.isEmpty {
        rule.gatherRows(operands[slots.0], weight: types[slots.1], positions: positions, into: base)
      }
      count = positions.count * width
    }
    return Rows(values: values, positions: positions)
  }

  /// Outputs of a run at the same positions.
  func targets(_ result: Tensor, positions: [Int], width: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: positions.count * width) { out, count in
      if let base = out.baseAddress, !positions.isEmpty { rule.gatherOutputs(result, positions: positions, into: base) }
      count = positions.count * width
    }
  }

  /// The blocks that are as large as the largest ones, as lists of columns.
  func uniformBlocks() -> [[Int]] {
    let blocks = blocks()
    let size = blocks.map(\.count).max() ?? 0
    return blocks.filter { $0.count == size }.map(\.columns)
  }
}
