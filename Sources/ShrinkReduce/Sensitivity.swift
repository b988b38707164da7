import Foundation
import ShrinkGraph
import ShrinkRun

/// How much the network's outputs suffer when one group alone is narrowed: measured, without labels.
///
/// At a few widths of each group the compensated network runs on samples kept aside; the squared distance of its outputs
/// (`OutputDistance.squaredDistance`) is noted against the group's own error there. Between those points log D² is taken as linear in log e.
package struct Sensitivity: Sendable {
  /// Path of each group.
  package let paths: [Elimination.Path]
  /// Predicted squared output distance of each group once i units are removed.
  package let distances: [[Double]]

  /// Takes what is known already.
  package init(paths: [Elimination.Path], distances: [[Double]]) {
    self.paths = paths
    self.distances = distances
  }

  /// Measures every group, and takes of its `candidates` the path that does the outputs least harm.
  ///
  /// The first candidate is measured at every share; another one takes its place where it does clearly better at the
  /// second share. Runs about groups × (widths + other candidates) forward passes over `samples`.
  package init(
    _ prepared: Prepared, candidates: [[Elimination.Path]], source: SampleSource, samples: [Int],
    progress: (Double) throws(ShrinkError) -> Void
  ) throws(ShrinkError) {
    let meter = try Meter(prepared, source: source, samples: samples)
    let shares = Self.shares(groups: candidates.count)
    var (paths, distances): ([Elimination.Path], [[Double]]) = ([], [])
    for (g, candidates) in candidates.enumerated() {
      var best: (path: Elimination.Path, points: [Meter.Point])?
      for path in candidates {
        guard let known = best else {
          best = (path, try meter.points(path, of: g, shares))
          continue
        }
        let decisive = shares[min(1, shares.count - 1)]
        guard let old = known.points.first(where: { $0.share == decisive }),
          Set(path.order.prefix(old.removed)) != Set(known.path.order.prefix(old.removed)),
          let new = try meter.points(path, of: g, [decisive]).first, new.distance < 0.9 * old.distance
        else { continue }
        best = (path, try meter.points(path, of: g, shares))
      }
      guard let best else { continue }
      paths.append(best.path)
      let points = best.points.map { (error: $0.error, distance: $0.distance) }
      distances.append(best.path.error.map { Self.interpolate($0, points) })
      try progress(Double(g + 1) / Double(candidates.count))
    }
    (self.paths, self.distances) = (paths, distances)
  }

  /// Shares of a group that are removed at the widths measured: fewer where there are many groups.
  ///
  /// The first is mild: below it distances are taken as proportional to the error, and a mild budget lies there.
  private static func shares(groups: Int) -> [Double] {
    groups <= 16 ? [0.1, 0.25, 0.5, 0.7, 0.85, 0.95] : groups <= 40 ? [0.1, 0.3, 0.6, 0.85] : [0.1, 0.35, 0.75]
  }

  /// Piecewise linear in logarithms; proportional below the first point and beyond the last.
  static func interpolate(_ error: Double, _ points: [(error: Double, distance: Double)]) -> Double {
    guard error > 0 else { return 0 }
    guard let first = points.first, let last = points.last else { return error }
    if error <= first.error { return first.distance * error / first.error }
    for (a, b) in zip(points, points.dropFirst()) where error <= b.error {
      guard b.error > a.error * (1 + 1e-12), a.distance > 0, b.distance > 0 else { return max(a.distance, b.distance) }
      let t = log(error / a.error) / log(b.error / a.error)
      return exp(log(a.distance) + t * (log(b.distance) - log(a.distance)))
    }
    return last.distance * error / last.error
  }
}

/// Measures compensated networks with one group narrowed.
private struct Meter {
  /// What was measured at one width.
  struct Point {
    let share: Double
    let removed: Int
    let error: Double
    let distance: Double
  }

  private let prepared: Prepared
  private let source: SampleSource
  private let reference: Reference

  init(_ prepared: Prepared, source: SampleSource, samples: [Int]) throws(ShrinkError) {
    (self.prepared, self.source) = (prepared, source)
    reference = try Reference(prepared.graph, source: source, samples: samples)
  }

  func points(_ path: Elimination.Path, of g: Int, _ shares: [Double]) throws(ShrinkError) -> [Point] {
    let groups = prepared.coupled.groups
    var result: [Point] = []
    for share in shares {
      let removed = min(Int((Double(groups[g].count) * share).rounded()), groups[g].count - 1)
      guard removed > 0, path.error[removed] > 1e-14 else { continue }
      var removal = Removal(groups)
      for unit in path.order.prefix(removed) { removal.removed[g][unit] = true }
      let distance = try reference.distance(of: prepared.compensated(removal), source: source).squaredDistance
      result.append(Point(share: share, removed: removed, error: path.error[removed], distance: distance))
    }
    return result
  }
}

/// Outputs of the original on some samples, to measure other networks against.
package struct Reference: Sendable {
  private let runs: [[Int]]
  private let outputs: [[Tensor]]
  private let wanted: [ValueID]

  /// Runs `graph` over `samples`.
  package init(_ graph: Graph, source: SampleSource, samples: [Int]) throws(ShrinkError) {
    runs = source.runs(samples)
    wanted = graph.outputs
    let executor = try Executor(graph)
    var outputs: [[Tensor]] = []
    for run in runs {
      let values = try executor.run(try source.feeds(run, of: graph))
      outputs.append(graph.outputs.compactMap { values[$0] })
    }
    self.outputs = outputs
  }

  /// How far the outputs of `other`, a cut version of the same graph, are from the original's.
  package func distance(of other: Graph, source: SampleSource) throws(ShrinkError) -> OutputDistance {
    let executor = try Executor(other)
    var distance = OutputDistance()
    for (run, original) in zip(runs, outputs) {
      let values = try executor.run(try source.feeds(run, of: other))
      distance.add(original, wanted.compactMap { values[$0] })
    }
    return distance
  }
}
