import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkReduce

@Suite struct OutputDistanceTests {
  private static func random(_ shape: [Int], seed: UInt64) -> Tensor {
    var rng = SplitMix64(seed: seed)
    return Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Float.random(in: -3...3, using: &rng) })
  }

  private static func distance(_ a: [Tensor], _ b: [Tensor]) -> OutputDistance {
    var distance = OutputDistance()
    distance.add(a, b)
    return distance
  }

  @Test func errorIsThatOfPlainLoopsOverAllRuns() {
    let parts = (0..<3).map { (Self.random([4, 5], seed: $0), Self.random([4, 5], seed: $0 &+ 10)) }
    var distance = OutputDistance()
    for (a, b) in parts { distance.add([a], [b]) }
    let a = parts.flatMap { $0.0.elements(Float.self).map(Double.init) }
    let b = parts.flatMap { $0.1.elements(Float.self).map(Double.init) }
    #expect(abs(distance.relativeError - relativeError(a, b)) < 1e-12)
    var (equal, divergence) = (0, 0.0)
    for r in 0..<12 {
      let (p, q) = (a[r * 5..<r * 5 + 5].map { exp($0) }, b[r * 5..<r * 5 + 5].map { exp($0) })
      let (sp, sq) = (p.reduce(0, +), q.reduce(0, +))
      divergence += (0..<5).reduce(0) { $0 + p[$1] / sp * log(p[$1] / sp / (q[$1] / sq)) }
      if p.firstIndex(of: p.max() ?? 0) == q.firstIndex(of: q.max() ?? 0) { equal += 1 }
    }
    #expect(distance.decisions.all == 12 && distance.decisions.equal == equal)
    #expect(abs((distance.agreement ?? 0) - 100 * Double(equal) / 12) < 1e-9)
    let wanted = distance.relativeError * distance.relativeError + divergence / 12
    #expect(abs(distance.squaredDistance - wanted) < 1e-9 * wanted)
  }

  @Test func worstOutputCounts() {
    let (a, b) = (Self.random([2, 3], seed: 1), Self.random([2, 3], seed: 2))
    let worst = Self.distance([a], [b]).relativeError
    #expect(Self.distance([a, a], [a, b]).relativeError == worst)
    #expect(Self.distance([a, a], [b, a]).relativeError == worst)
  }

  /// Pictures of classes decide along the channels, at every position.
  @Test func mapsDecideAlongTheirChannels() {
    let a = Tensor(shape: [1, 2, 1, 3], [1, 0, 1, 0, 1, 0] as [Float])
    let b = Tensor(shape: [1, 2, 1, 3], [1, 0, 0, 0, 1, 1] as [Float])
    let distance = Self.distance([a], [b])
    #expect(distance.decisions.all == 3 && distance.decisions.equal == 2)
  }

  @Test func firstOutputOfScoresDecides() {
    let (vector, scores) = (Self.random([4], seed: 1), Self.random([4, 3], seed: 2))
    #expect(Self.distance([vector, scores, scores], [vector, scores, scores]).decisions.all == 4)
    #expect(Self.distance([vector], [vector]).agreement == nil)
    #expect(Self.distance([Self.random([5, 1], seed: 3)], [Self.random([5, 1], seed: 4)]).agreement == nil)
  }

  @Test func integersAreLeftOut() {
    let a = Tensor(shape: [2, 2], [1, 2, 3, 4] as [Int64])
    let b = Tensor(shape: [2, 2], [4, 3, 2, 1] as [Int64])
    #expect(Self.distance([a], [b]).relativeError == 0)
  }

  private static let broken: [(Float, Float)] = [
    (1, .nan), (.nan, 1), (.nan, .nan), (1, .infinity), (.infinity, 1), (.infinity, .infinity), (-.infinity, .infinity),
  ]

  /// What is no number never passes for a small error, wherever it stands.
  @Test(arguments: broken) func whatIsNoNumberIsAnInfiniteError(a: Float, b: Float) {
    let (x, y) = (Tensor(shape: [2, 2], [a, 1, 2, 3]), Tensor(shape: [2, 2], [b, 1, 2, 3]))
    let good = Self.random([2, 2], seed: 1)
    #expect(Self.distance([x], [y]).relativeError == .infinity)
    #expect(Self.distance([good, x], [good, y]).relativeError == .infinity)
    #expect(Self.distance([x, good], [y, good]).relativeError == .infinity)
    #expect(Self.distance([x], [y]).squaredDistance == .infinity)
  }

  @Test func scoresThatAreNoNumbersDecideNothing() {
    let a = Tensor(shape: [2, 3], [3, 1, 2, 1, 2, 3] as [Float])
    let b = Tensor(shape: [2, 3], [.nan, .nan, .nan, 1, 2, 3] as [Float])
    #expect(Self.distance([a], [b]).decisions.equal == 1)
  }

  @Test func otherShapesAreInfinitelyFar() {
    #expect(Self.distance([Self.random([2, 3], seed: 1)], [Self.random([2, 2], seed: 2)]).relativeError == .infinity)
  }

  @Test func nothingIsAtNoDistance() {
    #expect(OutputDistance().relativeError == 0 && OutputDistance().agreement == nil)
    let zero = Tensor(shape: [2, 2], repeating: Float(0))
    #expect(Self.distance([zero], [zero]).relativeError == 0)
  }
}
