import ShrinkGraph
import ShrinkMath
import ShrinkOps
import ShrinkRun

/// The sequential re-fit of a compressed network to the original.
///
/// Sites are fitted in the order of execution, each to what the original delivers, from what the network as compressed so
/// far delivers, so that errors do not pile up (the asymmetric formulation of El Halabi, Srinivas and
/// Lacoste-Julien, NeurIPS 2022). Both networks are walked node by node over all samples; only the values that a later
/// node still reads are kept. The whole pass costs one forward pass of each network and the solves.
package struct Refit {
  /// What came of it.
  package struct Outcome: Sendable {
    /// The compressed graph with its weights fitted.
    package let graph: Graph
    /// How far its outputs are from the original's on the samples kept aside.
    package let distance: OutputDistance
  }

  /// What to walk and how.
  package struct Setting {
    /// The original.
    package let original: Graph
    /// The graph without the removed units, with the prior weights.
    package let small: Graph
    /// Sites of the original.
    package let coupled: Coupled
    /// Cuts axes.
    package let rewrite: Rewrite
    /// The units that went.
    package let removal: Removal
    /// Seed of the choice of rows.
    package let seed: UInt64
    /// Bytes that live activations may take in memory; the rest is spilled to disk.
    package let memory: Int
  }

  private let setting: Setting
  private let originalRun: Executor
  private let smallRun: Executor
  private let captureIndex: [String: ValueID]
  private let siteOfNode: [NodeID: Int]
  /// For a site whose result only goes into a sum: the other operand.
  private let partnerOfSite: [Int: ValueID]
  private var small: Graph
  private var live: LiveValues

  /// Prepares both networks.
  package init(_ setting: Setting) throws(ShrinkError) {
    self.setting = setting
    small = setting.small
    originalRun = try Executor(setting.original)
    smallRun = try Executor(setting.small)
    captureIndex = setting.original.captureIndex()
    siteOfNode = Dictionary(setting.coupled.sites.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { a, _ in a })
    partnerOfSite = Self.partners(setting.original, setting.coupled.sites)
    live = LiveValues(setting.original, steps: originalRun.steps, memory: setting.memory)
  }

  /// Fits every site that removal or its predecessors have touched.
  ///
  /// `fit` samples make the statistics, `aside` samples choose the ridges and measure the result; with `final` they
  /// join the statistics in the end.
  package mutating func run(
    _ source: SampleSource, fit: [Int], aside: [Int], final: Bool, progress: (Double) throws(ShrinkError) -> Void
  ) throws(ShrinkError) -> Outcome {
    let runs = source.runs(fit).map { ($0, false) } + source.runs(aside).map { ($0, true) }
    live.start(runs: runs.count)
    for (r, run) in runs.enumerated() {
      let feeds = try source.feeds(run.0, of: setting.original)
      for (value, tensor) in feeds { try live.set(value, run: r, original: tensor, small: nil) }
    }
    for (s, node) in originalRun.steps.enumerated() {
      try step(node, runs, samples: (fit.count, aside.count), final: final)
      live.release(after: s)
      try progress(Double(s + 1) / Double(originalRun.steps.count))
    }
    return Outcome(graph: small, distance: try distance(runs))
  }

  private mutating func step(
    _ id: NodeID, _ runs: [([Int], Bool)], samples: (fit: Int, aside: Int), final: Bool
  ) throws(ShrinkError) {
    let node = setting.original[id]
    let isTouched = isTouched(id)
    for r in runs.indices {
      let results = try originalRun.apply(id, operands(node, setting.original, run: r, small: false))
      for (value, result) in zip(node.outputs, results) {
        if let value { try live.set(value, run: r, original: result, small: nil) }
      }
    }
    guard isTouched else { return }
    if let s = siteOfNode[id] { fit(s, runs, samples, final) }
    let cut = small[id]
    for r in runs.indices {
      let results = try smallRun.apply(id, operands(cut, small, run: r, small: true))
      for (value, result) in zip(node.outputs, results) { if let value { try live.setSmall(value, run: r, result) } }
    }
  }

  /// Whether the compressed network differs from the original in this node's operands.
  private func isTouched(_ id: NodeID) -> Bool {
    let (a, b) = (setting.original[id], setting.small[id])
    if a.inputs != b.inputs { return true }
    return setting.original.operands(of: a, captureIndex).contains { value in
      guard let value else { return false }
      if let x = setting.original[value].constant, let y = setting.small[value].constant {
        return x.storage !== y.storage || x.shape != y.shape
      }
      return live.isTouched(value)
    }
  }

  private func operands(_ node: Node, _ graph: Graph, run: Int, small: Bool) -> Operands<Tensor> {
    Operands(
      graph.operands(of: node, captureIndex).map {
        $0.flatMap { graph[$0].constant ?? live.tensor($0, run: run, small: small) }
      })
  }

  private mutating func fit(_ s: Int, _ runs: [([Int], Bool)], _ samples: (fit: Int, aside: Int), _ final: Bool) {
    let site = setting.coupled.sites[s]
    let kept = site.keptColumns(setting.removal)
    let partner = partnerOfSite[site.index]
    // What reads the original's own values and answers for nobody else is right as it is.
    guard live.isTouched(site.data) || partner.map(live.isTouched) ?? false else { return }
    guard kept.count <= Calibration.widestPatch else { return }
    let outputs = setting.rewrite.kept(ValueAxis(site.output, site.outputAxis), setting.removal)
    let width = outputs?.count ?? site.product.outputs
    var parts = (fit: Moments(columns: kept.count, outputs: width), aside: Moments(columns: kept.count, outputs: width))
    let wanted = Calibration.wantedRows(columns: kept.count)
    for (r, run) in runs.enumerated() {
      let count = run.1 ? samples.aside : samples.fit
      let share = run.1 ? max(wanted / 4, 2_048) : wanted
      let sampler = RowSampler(wanted: share, samples: count, seed: setting.seed)
      guard let pair = rows(site, run: r, run.0, sampler, outputs) else { return }
      pair.x.withUnsafeBufferPointer { x in
        pair.y.withUnsafeBufferPointer { y in
          if run.1 {
            parts.aside.add(rows: x, targets: y, count: pair.count)
          } else {
            parts.fit.add(rows: x, targets: y, count: pair.count)
          }
        }
      }
    }
    parts.fit.finish()
    parts.aside.finish()
    let fitter = SiteFit(prior: prior(site), hasConstant: site.hasBias)
    writeFitted(fitter.solve(fit: parts.fit, aside: parts.aside, final: final), site)
  }

  /// The matrix that stands in the compressed graph now.
  private func prior(_ site: Site) -> Matrix { site.cut(setting.removal, in: small).matrix(in: small) }

  private mutating func writeFitted(_ matrix: Matrix, _ site: Site) {
    site.cut(setting.removal, in: small).write(matrix, to: &small)
  }

  /// Rows of the compressed network and targets of the original at the same positions.
  private func rows(
    _ site: Site, run: Int, _ samples: [Int], _ sampler: RowSampler, _ outputs: [Int]?
  ) -> (x: [Float], y: [Float], count: Int)? {
    let cut = site.cut(setting.removal, in: small)
    let operands = operands(small[site.node], small, run: run, small: true)
    guard let x = cut.rows(operands, run: samples, sampler),
      let result = live.tensor(site.output, run: run, small: false), x.count > 0
    else { return nil }
    let all = x.positions
    let full = site.targets(result, positions: all, width: site.product.outputs)
    var y = Self.columns(outputs, of: full, width: site.product.outputs)
    addConstantBehind(site, outputs, to: &y)
    if let partner = partnerOfSite[site.index], live.isTouched(partner),
      let before = live.tensor(partner, run: run, small: false), let now = live.tensor(partner, run: run, small: true),
      before.shape == result.shape
    {
      let width = outputs?.count ?? site.product.outputs
      let old = Self.columns(
        outputs, of: site.targets(before, positions: all, width: site.product.outputs), width: site.product.outputs)
      let new = site.targets(now, positions: all, width: width)
      for i in y.indices { y[i] += old[i] - new[i] }
    }
    return (x.values, y, x.count)
  }

  /// Where the constant term stands in the Add that follows, targets are what the Add delivers.
  private func addConstantBehind(_ site: Site, _ outputs: [Int]?, to rows: inout [Float]) {
    guard case .add = site.bias, let value = site.constantTerm(in: setting.original),
      let term = setting.original[value].constant?.elements(Float.self)
    else { return }
    let kept = outputs ?? Array(term.indices)
    for i in rows.indices { rows[i] += term[kept[i % kept.count]] }
  }

  private static func columns(_ kept: [Int]?, of rows: [Float], width: Int) -> [Float] {
    guard let kept else { return rows }
    return (0..<rows.count / max(width, 1)).flatMap { r in kept.map { rows[r * width + $0] } }
  }

  /// Sites whose result is read by one Add alone, with the operand that the Add gets beside it.
  private static func partners(_ graph: Graph, _ sites: [Site]) -> [Int: ValueID] {
    let uses = graph.uses()
    var result: [Int: ValueID] = [:]
    for (s, site) in sites.enumerated() {
      var output = site.output
      if case .add(let reader, _) = site.bias, let sum = graph[reader].outputs.first.flatMap({ $0 }) { output = sum }
      guard uses[output.index].count == 1, let use = uses[output.index].first, !graph.outputs.contains(output)
      else { continue }
      let reader = graph[use.node]
      guard reader.opType == "Add", reader.domain.isEmpty, reader.inputs.count == 2,
        let other = reader.inputs[1 - use.slot], graph[other].constant == nil, other != output
      else { continue }
      result[s] = other
    }
    return result
  }

  private func distance(_ runs: [([Int], Bool)]) throws(ShrinkError) -> OutputDistance {
    var distance = OutputDistance()
    for (r, run) in runs.enumerated() where run.1 {
      func outputs(small isSmall: Bool) -> [Tensor] {
        setting.original.outputs.compactMap { live.tensor($0, run: r, small: isSmall) }
      }
      distance.add(outputs(small: false), outputs(small: true))
    }
    return distance
  }
}
