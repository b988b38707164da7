import Foundation
import ShrinkGraph
import ShrinkOps
import ShrinkRun

extension Reducer {
  /// A network of some widths that was measured.
  struct Trial {
    let point: Allocation.Point
    let budget: Double
    let distance: OutputDistance
  }

  /// Reduces the network to the target of the options.
  ///
  /// Error targets are multiplied by `tightening`: below 1 after held-out samples showed more error than those kept aside.
  /// Throws `missedTarget` when no widths meet a size target.
  package mutating func reduce(tightening: Double = 1) throws(ShrinkError) -> Reduction {
    switch options.target {
    case .lossless: return try lossless()
    case .keepParams(let share):
      return try reduce(share, of: "parameters") { [cost = work.cost, before] widths in
        cost.parameters(widths) / Double(max(before.parameters, 1))
      }
    case .keepMacs(let share):
      return try reduce(share, of: "multiply-accumulates") { [cost = work.cost, before] widths in
        cost.macs(widths) / Double(max(before.macs, 1))
      }
    case .maxError(let error):
      let allowed = error * tightening
      return try search(from: log(allowed)) { distance in log(max(distance.relativeError, 1e-12) / allowed) }
    case .minAgreement(let percent):
      let allowed = max((100 - percent) * tightening, 1e-6)
      return try search(from: log(0.02 * allowed)) { distance in
        log(max(100 - (distance.agreement ?? 100), 1e-3) / allowed)
      }
    }
  }

  /// What the lossless stage has left.
  private func lossless() throws(ShrinkError) -> Reduction {
    let reference = try Reference(original.graph, source: source, samples: samples.aside)
    let distance = try reference.distance(of: work.graph, source: source)
    return reduction(work.graph, Removal(work.coupled.groups), distance)
  }

  /// The best widths within a share of the original's size.
  private mutating func reduce(
    _ share: Double, of unit: String, _ measure: @escaping @Sendable ([Int]) -> Double
  ) throws(ShrinkError) -> Reduction {
    let allocation = try allocation(measure)
    var budget = share
    while true {
      guard let point = allocation.point(within: budget) else {
        let least = (allocation.path.last?.cost ?? 1) * 100
        throw ShrinkError(
          .missedTarget,
          String(format: "at least %.1f %% of the ", least) + "\(unit) must stay: the rest cannot shrink",
          hint: "ask for more than that; `onnx-shrink inspect` names what is left alone and why")
      }
      let result = try refit(point, final: true)
      // Constant terms that layers got on the way are parameters as well, and so are scales of quantised weights.
      let written = unit == "parameters" ? try Finished(result.graph, roundsFitted: true).graph : nil
      let found = written.map { Double(Cost.parameters($0)) / Double(max(before.parameters, 1)) } ?? point.cost
      if found <= share * (1 + 1e-9) { return reduction(result.graph, removal(point.widths), result.distance) }
      budget = point.cost - (found - share)
    }
  }

  /// Parameters of constants that the re-fit has added to the graph.
  private func added(_ graph: Graph) -> Int {
    graph.values.dropFirst(work.graph.values.count).reduce(0) { total, value in
      total + (value.constant.map { $0.dtype.isFloat ? $0.count : 0 } ?? 0)
    }
  }

  /// The smallest network for which `excess`, the logarithm of measured over allowed error, is not positive.
  ///
  /// `start`: logarithm of the predicted distance to begin with.
  private mutating func search(from start: Double, _ excess: (OutputDistance) -> Double) throws(ShrinkError)
    -> Reduction
  {
    let allocation = try allocation { [cost = work.cost, before] widths in
      0.5 * cost.parameters(widths) / Double(max(before.parameters, 1))
        + 0.5 * cost.macs(widths) / Double(max(before.macs, 1))
    }
    var bracket = Bracket(allocation, start: start)
    bracket.recall(trials.map { ($0.point, $0.budget, excess($0.distance)) })
    for _ in 0..<8 {
      guard let budget = bracket.next(), let point = allocation.point(within: budget) else { break }
      let distance = try refit(point, final: false).distance
      trials.append(Trial(point: point, budget: budget, distance: distance))
      bracket.note(point, budget: budget, excess: excess(distance))
    }
    guard let best = bracket.best else { return try lossless() }
    let result = try refit(best, final: true)
    return reduction(result.graph, removal(best.widths), result.distance)
  }

  private mutating func allocation(_ measure: @escaping @Sendable ([Int]) -> Double) throws(ShrinkError) -> Allocation {
    let sensitivity = try measured()
    let groups = work.coupled.groups
    let multiples = options.isAligned ? Alignment(work.coupled, types: work.types).multiples : groups.map { _ in 1 }
    let steps = groups.indices.map { g in
      allowed[g] ? max(multiples[g], Allocation.step(width: groups[g].count, roundTo: options.roundTo)) : 0
    }
    return Allocation(counts: groups.map(\.count), steps: steps, sensitivity: sensitivity, measure: measure)
  }

  /// Paths and sensitivities, measured once.
  private mutating func measured() throws(ShrinkError) -> Sensitivity {
    if let sensitivity { return sensitivity }
    guard let method = MethodTable.make(options.method) else {
      throw ShrinkError(
        .usage, "there is no method '\(options.method)'",
        hint: "the methods are \(MethodTable.all.map { $0.name }.joined(separator: ", "))")
    }
    let gradients = try OutputGradients(
      work.graph, coupled: work.coupled, source: source, samples: Array(samples.fit.prefix(64)), seed: options.seed
    ) { [progress] (share) throws(ShrinkError) in try progress("output gradients", share) }
    var candidates: [[Elimination.Path]] = []
    for g in work.coupled.groups.indices {
      let weighted = work.problem(g, gradients)
      // Gradients tell of small errors of single outputs alone; where they mislead, relative errors may do better.
      let problems = weighted.isWeighted ? [weighted, work.problem(g)] : [weighted]
      candidates.append(problems.map(method.path))
      try progress("choice of units", Double(g + 1) / Double(work.coupled.groups.count))
    }
    let result = try Sensitivity(
      work, candidates: candidates, source: source, samples: Array(samples.aside.prefix(256))
    ) { [progress] (share) throws(ShrinkError) in try progress("sensitivity", share) }
    sensitivity = result
    return result
  }

  /// The units that go at these widths.
  private func removal(_ widths: [Int]) -> Removal {
    var removal = Removal(work.coupled.groups)
    for (g, width) in widths.enumerated() {
      guard let order = sensitivity?.paths[g].order else { continue }
      for unit in order.prefix(order.count - width) { removal.removed[g][unit] = true }
    }
    return removal
  }

  private func refit(_ point: Allocation.Point, final: Bool) throws(ShrinkError) -> Refit.Outcome {
    let removal = removal(point.widths)
    var refit = try Refit(
      Refit.Setting(
        original: work.graph, small: work.compensated(removal), coupled: work.coupled, rewrite: work.rewrite,
        removal: removal, seed: options.seed, memory: options.memory))
    let stage = final ? "re-fit" : "search for the size"
    return try refit.run(source, fit: samples.fit, aside: samples.aside, final: final) {
      [progress] (share) throws(ShrinkError) in try progress(stage, share)
    }
  }

  /// Tells what was done, in terms of the original's groups.
  private func reduction(_ graph: Graph, _ removal: Removal, _ distance: OutputDistance) -> Reduction {
    var all = exact
    for (g, o) in originalGroup.enumerated() where o >= 0 {
      let left = exact.removed[o].indices.filter { !exact.removed[o][$0] }
      for (u, isGone) in removal.removed[g].enumerated() where isGone { all.removed[o][left[u]] = true }
    }
    let source = original.graph
    let changes = original.coupled.groups.enumerated().map { o, group in
      GroupChange(
        name: group.name, producers: group.producers.map { source[$0].place },
        readers: original.coupled.readingNodes(of: group).map { source[$0].place },
        between: group.between.map { source[$0].place }, before: group.count, after: all.width(o))
    }
    let widths = work.coupled.groups.indices.map { removal.width($0) }
    return Reduction(
      graph: graph, plan: Plan(original.coupled.groups, all), groups: changes, pinned: original.coupled.pinned,
      before: before,
      after: Size(
        parameters: Int(work.cost.parameters(widths).rounded()) + added(graph),
        macs: Int(work.cost.macs(widths).rounded())),
      expectedError: distance.relativeError, expectedAgreement: distance.agreement, diagnostics: diagnostics)
  }
}
