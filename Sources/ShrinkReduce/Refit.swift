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
  /// Sites that are fitted, of each node: those whose weights are applied once.
  private let sitesOfNode: [NodeID: [Int]]
  /// For a site whose result only goes into a sum: the other operand.
  private let partnerOfSite: [Int: ValueID]
  private var small: Graph
  private var live: LiveValues
  /// All results of the node at hand in each run, where it feeds one back to itself: it need not name them.
  private var made: (original: [[Tensor]], small: [[Tensor]]) = ([], [])

  /// Prepares both networks.
  package init(_ setting: Setting) throws(ShrinkError) {
    self.setting = setting
    small = setting.small
    originalRun = try Executor(setting.original)
    smallRun = try Executor(setting.small)
    captureIndex = setting.original.captureIndex()
    sitesOfNode = Dictionary(
      grouping: setting.coupled.sites.indices.filter { setting.coupled.sites[$0].isSingle },
      by: { setting.coupled.sites[$0].node })
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
    for s in originalRun.steps.indices {
      try step(s, runs, samples: (fit.count, aside.count), final: final)
      live.release(after: s)
      try progress(Double(s + 1) / Double(originalRun.steps.count))
    }
    return Outcome(graph: small, distance: try distance(runs))
  }

  private mutating func step(
    _ position: Int, _ runs: [([Int], Bool)], samples: (fit: Int, aside: Int), final: Bool
  ) throws(ShrinkError) {
    let id = originalRun.steps[position]
    let isTouched = isTouched(id)
    let sites = isTouched ? sitesOfNode[id] ?? [] : []
    let ahead = sites.filter { !setting.coupled.sites[$0].reading.data.isOutput }
    // What the node feeds back to itself is there only once it has run.
    let fedBack = sites.filter { setting.coupled.sites[$0].reading.data.isOutput }
    made = ([], [])
    for r in runs.indices {
      let results = try runOriginal(id, r)
      if !fedBack.isEmpty { made.original.append(results) }
      guard sites.isEmpty else { continue }
      // Nothing waits for the other runs: operands that nobody else reads make room at once.
      if isTouched { _ = try runSmall(id, r) }
      live.release(after: position, run: r)
    }
    if sites.isEmpty { return }
    for s in ahead { try fit(s, runs, samples, final) }
    for r in runs.indices {
      let results = try runSmall(id, r)
      if fedBack.isEmpty { live.release(after: position, run: r) } else { made.small.append(results) }
    }
    for s in fedBack {
      try fit(s, runs, samples, final)
      made.small = []
      for r in runs.indices { made.small.append(try runSmall(id, r)) }
    }
    made = ([], [])
  }

  private mutating func runOriginal(_ id: NodeID, _ r: Int) throws(ShrinkError) -> [Tensor] {
    let node = setting.original[id]
    let results = try originalRun.apply(id, operands(node, setting.original, run: r, small: false))
    for (value, result) in zip(node.outputs, results) {
      if let value { try live.set(value, run: r, original: result, small: nil) }
    }
    return results
  }

  private mutating func runSmall(_ id: NodeID, _ r: Int) throws(ShrinkError) -> [Tensor] {
    let cut = small[id]
    let results = try smallRun.apply(id, operands(cut, small, run: r, small: true))
    for (value, result) in zip(cut.outputs, results) { if let value { try live.setSmall(value, run: r, result) } }
    return results
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

  private mutating func fit(
    _ s: Int, _ runs: [([Int], Bool)], _ samples: (fit: Int, aside: Int), _ final: Bool
  ) throws(ShrinkError) {
    let site = setting.coupled.sites[s]
    guard let cut = setting.rewrite.cut(site, setting.removal, in: small) else { return }
    let kept = site.keptColumns(setting.removal)
    let partner = partnerOfSite[site.index]
    // What reads the original's own values and answers for nobody else is right as it is.
    let answers = [site.reading.data.isOutput ? nil : site.data, partner].compactMap(\.self)
    guard site.reading.data.isOutput || answers.contains(where: live.isTouched) else { return }
    let outputs = setting.rewrite.keptOutputs(site, setting.removal)
    let prior = cut.matrix(in: small)
    let wanted = Calibration.wantedRows(columns: kept.count)
    func collect<Rows: TargetedRows>(_ fit: Int, _ aside: Int) throws(ShrinkError) -> (fit: Rows, aside: Rows)? {
      let none = Rows(columns: kept.count, outputs: prior.columns)
      var parts = (fit: none, aside: none)
      for (r, run) in runs.enumerated() {
        let (wanted, count) = run.1 ? (aside, samples.aside) : (fit, samples.fit)
        let sampler = RowSampler(wanted: wanted, samples: count, seed: setting.seed)
        guard let rows = try rows(site, cut, run: r, run.0, sampler, outputs) else { return nil }
        if run.1 {
          parts.aside.add(rows: rows.x, targets: rows.y, count: rows.count)
        } else {
          parts.fit.add(rows: rows.x, targets: rows.y, count: rows.count)
        }
      }
      return parts
    }
    if kept.count <= Calibration.widestPatch {
      guard var parts: (fit: Moments, aside: Moments) = try collect(wanted, max(wanted / 4, 2_048)) else { return }
      parts.fit.finish()
      parts.aside.finish()
      let fitter = SiteFit(prior: prior, hasConstant: site.hasBias)
      cut.write(fitter.solve(fit: parts.fit, aside: parts.aside, final: final), to: &small)
    } else {
      let room = max(min(setting.memory / 8 / kept.count, wanted), 1)
      guard let parts: (fit: SampledRows, aside: SampledRows) = try collect(room, room / 4 + 1) else { return }
      let fitter = WideFit(prior: prior, hasConstant: site.hasBias)
      cut.write(try fitter.solve(fit: parts.fit, aside: parts.aside, final: final), to: &small)
    }
  }

  /// Rows of the compressed network and targets of the original at the same positions.
  private func rows(
    _ site: Site, _ cut: Site, run: Int, _ samples: [Int], _ sampler: RowSampler, _ outputs: [Int]?
  ) throws(ShrinkError) -> (x: [Float], y: [Float], count: Int)? {
    let operands = operands(small[site.node], small, run: run, small: true)
    guard let x = cut.rows(operands, results(site, run, small: true), run: samples, sampler), x.count > 0 else {
      return nil
    }
    let before = self.operands(setting.original[site.node], setting.original, run: run, small: false)
    guard let output = site.output else {
      guard let all = site.rows(before, results(site, run, small: false), run: samples, sampler) else { return nil }
      let made = all.times(site.matrix(in: setting.original))
      return (x.values, Self.columns(outputs, of: made, width: site.product.outputs), x.count)
    }
    // Where a result shows the targets, what the original reads is not needed.
    guard let all = site.places(before, run: samples, sampler) else { return nil }
    guard let result = live.tensor(output, run: run, small: false) else { return nil }
    var y = Self.columns(outputs, of: site.targets(result, all), width: site.product.outputs)
    addConstantBehind(site, outputs, to: &y)
    if let partner = partnerOfSite[site.index], live.isTouched(partner),
      let before = live.tensor(partner, run: run, small: false), let now = live.tensor(partner, run: run, small: true),
      before.shape == result.shape
    {
      let old = Self.columns(outputs, of: site.targets(before, all), width: site.product.outputs)
      let new = cut.targets(now, x)
      for i in y.indices { y[i] += old[i] - new[i] }
    }
    return (x.values, y, x.count)
  }

  /// What the node of a site has made in a run, where the site reads it.
  private func results(_ site: Site, _ run: Int, small isSmall: Bool) -> [Tensor] {
    guard site.reading.data.isOutput else { return [] }
    return isSmall ? made.small[run] : made.original[run]
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
    let count = rows.count / max(width, 1)
    return [Float](unsafeUninitializedCapacity: count * kept.count) { out, made in
      for r in 0..<count { for (k, column) in kept.enumerated() { out[r * kept.count + k] = rows[r * width + column] } }
      made = count * kept.count
    }
  }

  /// Sites whose result is read by one Add alone, with the operand that the Add gets beside it.
  private static func partners(_ graph: Graph, _ sites: [Site]) -> [Int: ValueID] {
    let uses = graph.uses()
    var result: [Int: ValueID] = [:]
    for (s, site) in sites.enumerated() {
      guard var output = site.output else { continue }
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
