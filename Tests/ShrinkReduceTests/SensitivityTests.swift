import Foundation
import ShrinkGraph
import ShrinkRun
import Testing

@testable import ShrinkReduce

@Suite struct SensitivityTests {
  private static let points: [(error: Double, distance: Double)] = [(0.01, 0.002), (0.1, 0.05), (1, 0.4)]

  @Test func measuredPointsAreMet() {
    for point in Self.points {
      #expect(abs(Sensitivity.interpolate(point.error, Self.points) - point.distance) < 1e-12)
    }
  }

  @Test func betweenPointsLogarithmsAreLinear() {
    let middle = Sensitivity.interpolate((0.1 * 1).squareRoot(), Self.points)
    #expect(abs(middle - (0.05 * 0.4).squareRoot()) < 1e-12)
    let third = Sensitivity.interpolate(0.01 * pow(10, 1.0 / 3), Self.points)
    #expect(abs(third - 0.002 * pow(25, 1.0 / 3)) < 1e-12)
  }

  @Test func beyondThePointsItIsProportional() {
    #expect(Sensitivity.interpolate(0.005, Self.points) == 0.001)
    #expect(abs(Sensitivity.interpolate(3, Self.points) - 1.2) < 1e-12)
    #expect(Sensitivity.interpolate(0, Self.points) == 0 && Sensitivity.interpolate(-1, Self.points) == 0)
    #expect(Sensitivity.interpolate(0.3, []) == 0.3)
  }

  @Test func pointsThatCannotBeJoinedGiveTheLargerDistance() {
    let flat: [(error: Double, distance: Double)] = [(0.1, 0), (0.5, 0.3)]
    #expect(Sensitivity.interpolate(0.2, flat) == 0.3)
    let same: [(error: Double, distance: Double)] = [(0.1, 0.2), (0.1, 0.3)]
    #expect(Sensitivity.interpolate(0.1, same) >= 0.2)
  }

  /// Distances of a group are those of the compensated network at the widths measured.
  @Test func distancesAreMeasuredOnTheCompensatedNetwork() throws {
    let prepared = try PreparedSketch.dense(seed: 4)
    let work = prepared.prepared
    let path = BackwardElimination().path(work.problem(0))
    let count = work.coupled.groups[0].count
    var shares: [Double] = []
    let sensitivity = try Sensitivity(
      work, candidates: [[path]], source: prepared.source, samples: Array(0..<50)
    ) { (share: Double) throws(ShrinkError) in shares.append(share) }
    #expect(shares == [1])
    #expect(sensitivity.distances[0].count == count && sensitivity.distances[0][0] == 0)
    // Half of the units is among the widths that are measured.
    var removal = Removal(work.coupled.groups)
    for unit in path.order.prefix(count / 2) { removal.removed[0][unit] = true }
    let feeds = try prepared.source.feeds(Array(0..<50), of: work.graph)
    let outputs = try [work.graph, work.compensated(removal)].map { graph in
      let values = try Executor(graph).run(feeds)
      return graph.outputs.compactMap { values[$0] }
    }
    var distance = OutputDistance()
    distance.add(outputs[0], outputs[1])
    let wanted = distance.squaredDistance
    #expect(wanted > 0 && abs(sensitivity.distances[0][count / 2] - wanted) < 1e-6 * wanted)
  }

  @Test func referenceIsAtNoDistanceFromItself() throws {
    let prepared = try PreparedSketch.dense(seed: 5)
    let reference = try Reference(prepared.prepared.graph, source: prepared.source, samples: Array(0..<20))
    let same = try reference.distance(of: prepared.prepared.graph, source: prepared.source)
    #expect(same.relativeError == 0 && same.agreement == 100 && same.decisions.all == 20)
  }
}
