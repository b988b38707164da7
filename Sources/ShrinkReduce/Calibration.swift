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
  /// One entry for each pair of `Coupled.pairs` and group that it sums over.
  package let pairs: [PairMoments]

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
    var sitesOfNode: [NodeID: [Int]] = [:]
    for (i, site) in sites.enumerated() { for node in site.applications { sitesOfNode[node, default: []].append(i) } }
    var products = Self.gatherers(coupled, graph)
    // Nothing behind the last site is needed.
    let executor = try Executor(graph, wanted: Self.wanted(coupled, graph))
    let runs = sources.flatMap { source in source.runs(samples).map { (source, $0) } }
    for (r, (source, run)) in runs.enumerated() {
      let feeds = try source.feeds(run, of: graph)
      _ = try executor.run(feeds) { (node, operands, results) throws(ShrinkError) in
        for i in sitesOfNode[node] ?? [] { gatherers[i].add(operands, results, run: run) }
        for p in products[node]?.indices ?? 0..<0 { products[node]?[p].add(operands) }
      }
      try progress(Double(r + 1) / Double(runs.count))
    }
    moments = sites.indices.map { sites[$0].readsUnits ? gatherers[$0].finished() : nil }
    ranges = gatherers.map(\.range)
    pairs = products.sorted { $0.key < $1.key }.flatMap { $0.value.flatMap(\.moments) }
  }

  /// The results of every node that something is gathered from.
  private static func wanted(_ coupled: Coupled, _ graph: Graph) -> [ValueID] {
    let nodes = coupled.sites.flatMap(\.applications) + coupled.pairs.filter(\.sumsOverUnits).map(\.node)
    return Array(Set(nodes.compactMap { graph[$0].outputs.lazy.compactMap(\.self).first })).sorted()
  }

  private static func gatherers(_ coupled: Coupled, _ graph: Graph) -> [NodeID: [PairGatherer]] {
    var result: [NodeID: [PairGatherer]] = [:]
    for (position, pair) in coupled.pairs.enumerated() where pair.sumsOverUnits {
      let inputs = graph[pair.node].inputs
      guard let a = inputs.firstIndex(of: pair.a.value), let b = inputs.lastIndex(of: pair.b.value) else { continue }
      result[pair.node, default: []].append(
        PairGatherer(pair, position: position, groups: coupled.groups, slots: (a, b)))
    }
    return result
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
    // Units that take different numbers of columns are told by whole rows alone.
    let isSummed = (lossless && site.isEven) || site.columns > Calibration.widestPatch
    blocks = isSummed ? site.uniformBlocks() : nil
    moments = Moments(columns: blocks?.count ?? site.columns)
  }

  mutating func add(_ operands: Operands<Tensor>, _ results: [Tensor], run: [Int]) {
    guard let rows = site.rows(operands, results, run: run, sampler) else { return }
    range.add(rows: rows.values, outputs: site.targets(results, rows), count: rows.count)
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
    /// The linear map that they were read by.
    let reading: any LinearReading
    var count: Int { positions.count }

    /// Rows × matrix, whose last row is the constant term.
    func times(_ matrix: Matrix) -> [Float] {
      let columns = matrix.rows - 1
      let product =
        Matrix(rows: count, columns: columns, values: values.map(Double.init)) * matrix.rows(Array(0..<columns))
      let constant = matrix.row(columns)
      return product.values.indices.map { Float(product.values[$0] + constant[$0 % constant.count]) }
    }
  }

  /// The layer's linear map for operands of a run.
  func reading(_ operands: Operands<Tensor>) -> (any LinearReading)? {
    let types = Operands(operands.items.map { $0.map { TensorType($0.dtype, $0.shape) } })
    let readings = rule.readings(types)
    return part.position < readings.count ? readings[part.position] : nil
  }

  /// Rows of a run at sampled positions; nil when the operands do not make a product.
  ///
  /// `results` are needed where the layer reads what its own node makes.
  func rows(_ operands: Operands<Tensor>, _ results: [Tensor], run: [Int], _ sampler: RowSampler) -> Rows? {
    guard let reading = reading(operands) else { return nil }
    let isFedBack = reading.data.isOutput
    guard let x = isFedBack ? results.dropFirst(reading.data.slot).first : operands.optional(reading.data.slot) else {
      return nil
    }
    let positions = sampler.positions(run: run, total: reading.product.positions)
    let width = reading.product.channels * reading.product.taps
    let values = [Float](unsafeUninitializedCapacity: positions.count * width) { out, count in
      if let base = out.baseAddress, !positions.isEmpty {
        reading.gatherRows(x, operands, positions: positions, into: base)
      }
      count = positions.count * width
    }
    return Rows(values: values, positions: positions, reading: reading)
  }

  /// The rows of a run without their values.
  func places(_ operands: Operands<Tensor>, run: [Int], _ sampler: RowSampler) -> Rows? {
    guard let reading = reading(operands) else { return nil }
    return Rows(values: [], positions: sampler.positions(run: run, total: reading.product.positions), reading: reading)
  }

  /// Outputs at the positions of rows: those of a result, or the rows times the weights where no result shows them.
  func targets(_ results: [Tensor], _ rows: Rows, weights: Matrix? = nil) -> [Float] {
    let width = rows.reading.product.outputs
    guard let port = rows.reading.output, port.slot < results.count else {
      return weights.map { rows.times($0) } ?? [Float](repeating: 0, count: rows.count * width)
    }
    return targets(results[port.slot], rows)
  }

  /// Outputs in a result at the positions of rows.
  func targets(_ result: Tensor, _ rows: Rows) -> [Float] {
    let width = rows.reading.product.outputs
    return [Float](unsafeUninitializedCapacity: rows.count * width) { out, count in
      if let base = out.baseAddress, rows.count > 0 {
        rows.reading.gatherOutputs(result, positions: rows.positions, into: base)
      }
      count = rows.count * width
    }
  }

  /// The blocks that are as large as the largest ones, as lists of columns.
  func uniformBlocks() -> [[Int]] {
    let blocks = blocks()
    let size = blocks.map(\.count).max() ?? 0
    return blocks.filter { $0.count == size }.map(\.columns)
  }
}
