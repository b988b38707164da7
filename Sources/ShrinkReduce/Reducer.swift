import ShrinkGraph
import ShrinkOps
import ShrinkRun

/// Reduces one network to any number of budgets: simplify, couple, calibrate, find exact dependence, choose, allocate,
/// re-fit.
package struct Reducer {
  /// Called with the stage and the share of it that is done; throws to stop.
  package typealias Progress = @Sendable (_ stage: String, _ share: Double) throws(ShrinkError) -> Void

  let source: SampleSource
  let options: ReduceOptions
  let progress: Progress
  /// Samples that make statistics, and samples that choose ridges and widths.
  let samples: (fit: [Int], aside: [Int])
  let before: Size
  /// The simplified original and what can shrink in it.
  let original: (graph: Graph, coupled: Coupled)
  let diagnostics: [Diagnostic]
  /// Units of the original that the lossless stage removed.
  let exact: Removal
  /// What is left after the lossless stage, with the statistics of its sites.
  let work: Prepared
  /// Position in `original.coupled.groups` of each group of `work`.
  let originalGroup: [Int]
  /// Whether each group of `work` may shrink.
  let allowed: [Bool]
  /// Paths and sensitivities of the groups of `work`, once a budget has asked for them.
  var sensitivity: Sensitivity?
  /// What searches have measured: a target that is tightened later begins where the last one ended.
  var trials: [Trial] = []

  /// Analyses a network.
  ///
  /// `samples` are those of `source` that may be used: none that verification will use.
  package init(
    _ model: Graph, source: SampleSource, samples: [Int], options: ReduceOptions, progress: @escaping Progress
  ) throws(ShrinkError) {
    self.source = source
    self.options = options
    self.progress = progress
    self.samples = Self.split(samples, seed: options.seed)
    let probe = try Probe(model, source: source, samples: samples)
    let plain = try Inference(model, inputs: probe.types(of: model))
    let cost = Cost(model, types: plain.types, groups: [], samples: probe.samples)
    before = Size(parameters: Int(cost.parameters([])), macs: Int(cost.macs([])))
    let separated = try Separated(Simplified(model, inputs: probe.inputs), inputs: probe.inputs)
    let evidence = options.target == .lossless ? samples : self.samples.fit
    var preparation = Preparation(source: source, samples: evidence, options: options, probe: probe)
    var first = try preparation.run(separated, stage: "statistics", progress: progress)
    if options.target != .lossless {
      let (evidence, seed) = (self.samples.fit, options.seed)
      let heads = try HeadBasis(first, source: source, samples: evidence, seed: seed).turned()
      if let heads { first = first.with(heads) }
      let streams = try StreamBasis(first, source: source, samples: evidence).turned()
      if let turned = streams ?? heads {
        let turned = try Separated(turned, inputs: probe.inputs)
        first = try preparation.run(turned, stage: "statistics of turned axes", progress: progress)
      }
    }
    diagnostics = preparation.diagnostics
    original = (first.graph, first.coupled)
    let mayShrink = first.coupled.groups.map { Self.allows($0, first.graph, options) }
    let stage = ExactStage(first, tolerance: 3e-10, aligned: options.isAligned)
    let lossless = stage.run(allowed: mayShrink)
    exact = lossless.removal
    if exact.removed.contains(where: { $0.contains(true) }) {
      let rest = try Separated(lossless.graph, inputs: probe.inputs)
      work = try preparation.run(rest, stage: "statistics without dependent units", progress: progress)
    } else {
      work = first
    }
    let identities = first.coupled.groups.map(\.identity)
    originalGroup = work.coupled.groups.map { group in identities.firstIndex(of: group.identity) ?? -1 }
    allowed = originalGroup.map { $0 >= 0 && mayShrink[$0] }
  }

  /// One sample in six is kept aside from the statistics; with a single sample it serves as both.
  private static func split(_ samples: [Int], seed: UInt64) -> (fit: [Int], aside: [Int]) {
    guard samples.count > 1 else { return (samples, samples) }
    var rng = SplitMix64(seed: seed ^ 0xA51D_E000)
    let shuffled = samples.shuffled(using: &rng)
    let aside = max(1, samples.count / 6)
    return (shuffled.dropFirst(aside).sorted(), shuffled.prefix(aside).sorted())
  }

  /// Whether the patterns of the options let a group shrink.
  private static func allows(_ group: ChannelGroup, _ graph: Graph, _ options: ReduceOptions) -> Bool {
    let names = group.producers.map { graph[$0].name } + group.axes.map { graph[$0.axis.value].name }
    func matches(_ patterns: [String]) -> Bool { patterns.contains { p in names.contains { Glob.matches($0, p) } } }
    return (options.only.isEmpty || matches(options.only)) && !matches(options.exclude)
  }
}

/// Concrete inputs of one run, which fix every shape.
struct Probe {
  /// How many samples it holds.
  let samples: Int
  /// Type of each input, by name.
  let inputs: [String: TensorType]

  init(_ graph: Graph, source: SampleSource, samples: [Int]) throws(ShrinkError) {
    let run = Array(samples.prefix(min(2, source.batch)))
    self.samples = run.count
    inputs = try source.read(run).mapValues { TensorType($0.dtype, $0.shape) }
  }

  func types(of graph: Graph) -> [ValueID: TensorType] {
    var types: [ValueID: TensorType] = [:]
    for input in graph.realInputs { types[input] = inputs[graph[input].name] }
    return types
  }
}

/// Sums up what the sites of a coupled graph read.
private struct Preparation {
  let source: SampleSource
  let samples: [Int]
  let options: ReduceOptions
  let probe: Probe
  private(set) var diagnostics: [Diagnostic] = []

  init(source: SampleSource, samples: [Int], options: ReduceOptions, probe: Probe) {
    self.source = source
    self.samples = samples
    self.options = options
    self.probe = probe
  }

  mutating func run(
    _ separated: Separated, stage: String, progress: Reducer.Progress
  ) throws(ShrinkError) -> Prepared {
    let (graph, types, coupled) = (separated.graph, separated.types, separated.coupled)
    diagnostics = separated.diagnostics
    let isLossless = options.target == .lossless
    let outwards = source.extrapolated(reach: 0.25, seed: options.seed)
    let calibration = try Calibration(
      graph, coupled: coupled, sources: isLossless ? [source, outwards] : [source], samples: samples,
      seed: options.seed,
      lossless: isLossless
    ) { (share) throws(ShrinkError) in try progress(stage, share) }
    let compensations = zip(coupled.sites, calibration.moments).map { site, moments in
      moments.map { Compensation(site: site, moments: $0, weights: site.matrix(in: graph)) }
    }
    return Prepared(
      graph: graph, types: types, coupled: coupled,
      rewrite: Rewrite(graph, types: types, coupled: coupled),
      cost: Cost(
        graph, types: types, groups: coupled.groups, forms: coupled.forms, samples: probe.samples),
      compensations: compensations, ranges: calibration.ranges, pairMoments: calibration.pairs)
  }
}
