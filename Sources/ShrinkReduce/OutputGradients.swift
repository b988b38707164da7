import ShrinkGraph
import ShrinkOps
import ShrinkRun

/// What the network's outputs make of small errors of its layers: mean squared gradients, without labels.
///
/// Errors e of the outputs of a layer, independent of each other, move the network's outputs by Σ g² e² on average, where
/// g are gradients of Σ ± y over the outputs y with random signs (Hutchinson's estimator of the diagonal of JᵀJ). It is the
/// Fisher information of a network whose outputs are observed with unit variance; each output counts relative to its
/// energy. Sources: Hutchinson 1990; Theis et al., arXiv 1801.05787.
package struct OutputGradients: Sendable {
  /// For each site the weight of a unit of squared error of each of its outputs, in squared relative output distance per
  /// sample, summed over the positions of the sample; nil where a part of it passes operators without a derivative, and
  /// where nothing that counts comes back.
  package let sites: [[Double]?]
  /// For each of `Coupled.pairs` the squared relative output distance when the whole product is missing; nil as above.
  package let pairs: [Double?]

  /// Runs two probes over `samples` forwards and backwards.
  package init(
    _ graph: Graph, coupled: Coupled, source: SampleSource, samples: [Int], seed: UInt64,
    progress: (Double) throws(ShrinkError) -> Void
  ) throws(ShrinkError) {
    let backward = try Backward(graph)
    // All activations of a run are kept at once.
    let source = SampleSource(batch: min(source.batch, Self.samplesOfARun), read: source.read)
    let runs = source.runs(samples)
    var sums = GradientSums(graph, coupled)
    var rng = SplitMix64(seed: seed ^ 0x6A09_E667)
    for probe in 0..<Self.probes {
      for (r, run) in runs.enumerated() {
        try backward.run(try source.feeds(run, of: graph), seed: { Self.signs(of: $0, samples: run.count, &rng) }) {
          (step) throws(ShrinkError) in sums.add(step)
        }
        try progress(Double(probe * runs.count + r + 1) / Double(Self.probes * runs.count))
      }
    }
    let count = Double(max(1, Self.probes * samples.count))
    sites = sums.sites(per: count)
    pairs = sums.pairs(per: count)
  }

  private static let probes = 2
  private static let samplesOfARun = 4

  /// ± 1 for every element of the floating-point outputs, over the root of the output's energy per sample.
  private static func signs(
    of outputs: [ValueID: Tensor], samples: Int, _ rng: inout SplitMix64
  ) -> [ValueID: Tensor] {
    var seeds: [ValueID: Tensor] = [:]
    for (value, y) in outputs.sorted(by: { $0.key < $1.key }) where y.dtype == .float32 {
      let energy = y.energy
      let size = energy > 0 ? Float((Double(samples) / energy).squareRoot()) : 0
      var signs = [Float](repeating: size, count: y.count)
      for i in signs.indices where rng.next() & 1 == 1 { signs[i] = -size }
      seeds[value] = Tensor(shape: y.shape, signs)
    }
    return seeds
  }
}

/// Sums up squared gradients.
private struct GradientSums {
  private let coupled: Coupled
  private let sitesOfNode: [NodeID: [Int]]
  private let pairsOfNode: [NodeID: [Int]]
  private var squares: [[Double]?]
  private var products: [(gradient: Double, energy: Double, elements: Int)?]

  init(_ graph: Graph, _ coupled: Coupled) {
    self.coupled = coupled
    var sitesOfNode: [NodeID: [Int]] = [:]
    for (s, site) in coupled.sites.enumerated() {
      for node in site.applications { sitesOfNode[node, default: []].append(s) }
    }
    self.sitesOfNode = sitesOfNode
    pairsOfNode = Dictionary(grouping: coupled.pairs.indices, by: { coupled.pairs[$0].node })
    squares = coupled.sites.map { [Double](repeating: 0, count: $0.product.outputs) }
    products = coupled.pairs.map { _ in (0, 0, 0) }
  }

  mutating func add(_ step: Backward.Step) {
    for s in sitesOfNode[step.node] ?? [] { add(step, site: s) }
    for p in pairsOfNode[step.node] ?? [] {
      guard !step.isPartial, let sums = products[p] else {
        products[p] = nil
        continue
      }
      guard let g = step.cotangents.first.flatMap({ $0 }), let y = step.outputs.first else { continue }
      products[p] = (sums.gradient + g.energy, sums.energy + y.energy, sums.elements + g.count)
    }
  }

  private mutating func add(_ step: Backward.Step, site s: Int) {
    let site = coupled.sites[s]
    guard !step.isPartial, var sums = squares[s] else { return squares[s] = nil }
    if let port = site.reading.output {
      guard let g = step.cotangents[port.slot] else { return }
      g.addSquares(along: port.axis, from: site.reading.firstOutput, to: &sums)
    } else if let g = step.gradients?.hidden[site.part.position] {
      g.addSquares(along: 1, from: 0, to: &sums)
    } else if step.cotangents.contains(where: { $0 != nil }) {
      return squares[s] = nil
    }
    squares[s] = sums
  }

  /// Sums that are zero throughout tell nothing (outputs that are indices), and those that are not finite no more.
  func sites(per count: Double) -> [[Double]?] {
    squares.map { sums in
      guard let sums, sums.allSatisfy(\.isFinite), sums.contains(where: { $0 > 0 }) else { return nil }
      return sums.map { $0 / count }
    }
  }

  func pairs(per count: Double) -> [Double?] {
    products.map { sums in
      guard let sums, sums.gradient > 0 else { return nil }
      let weight = sums.gradient / Double(sums.elements) * sums.energy / count
      return weight.isFinite ? weight : nil
    }
  }
}

extension Tensor {
  /// Σ of the squared elements.
  fileprivate var energy: Double { withElements(Float.self) { $0.reduce(0.0) { $0 + Double($1) * Double($1) } } }

  /// Adds Σ of the squared elements at some indices of an axis, over all others.
  fileprivate func addSquares(along axis: Int, from first: Int, to sums: inout [Double]) {
    let (size, inner) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
    withElements(Float.self) { x in
      for outer in 0..<x.count / max(1, size * inner) {
        for j in sums.indices {
          let start = (outer * size + first + j) * inner
          var sum: Double = 0
          for i in start..<start + inner { sum += Double(x[i]) * Double(x[i]) }
          sums[j] += sum
        }
      }
    }
  }
}
