import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct StreamBasisTests {
  /// A residual stream of 8 channels that carries 4 directions: two layers add to it, two layers read it.
  private static func stream(isLinear: Bool = true) -> Graph {
    var sketch = GraphSketch(seed: 5)
    var rng = SplitMix64(seed: 11)
    let mix = (0..<4 * 8).map { _ in Float.random(in: -1...1, using: &rng) }
    func lowRank(_ inputs: Int, kernel: Int, _ sketch: inout GraphSketch) -> ValueID {
      // [8, inputs, k, k] = mixᵀ · [4, inputs, k, k].
      let taps = inputs * kernel * kernel
      let inner = (0..<4 * taps).map { _ in Float.random(in: -1...1, using: &rng) }
      let values = (0..<8 * taps).map { i in
        (0..<4).reduce(Float(0)) { $0 + mix[$1 * 8 + i / taps] * inner[$1 * taps + i % taps] }
      }
      return sketch.constant(Tensor(shape: [8, inputs, kernel, kernel], values))
    }
    let x = sketch.input([2, 5, 5])
    let pads: [String: Attribute.Value] = ["pads": .ints([1, 1, 1, 1])]
    var first = sketch.node("Conv", [x, lowRank(2, kernel: 3, &sketch)], name: "first", pads)
    if !isLinear { first = sketch.relu(first) }
    let inside = sketch.relu(sketch.conv(first, 8, 6, kernel: 3, name: "reader"))
    let second = sketch.node("Conv", [inside, lowRank(6, kernel: 1, &sketch)], name: "second")
    let sum = sketch.node("Add", [first, second], name: "sum")
    let last = sketch.relu(sketch.conv(sum, 8, 5, kernel: 3, name: "last"))
    sketch.output(sketch.gemm(sketch.node("Flatten", [sketch.node("GlobalAveragePool", [last])]), 5, 2))
    return sketch.graph
  }

  /// A turned stream gives the same outputs, and loses nothing with the channels that carry nothing.
  @Test func channelsThatCarryNothingComeLast() throws {
    let graph = Self.stream()
    let before = try PreparedSketch(graph, count: 60, seed: 5)
    let turned = try #require(
      try StreamBasis(before.prepared, source: before.source, samples: Array(0..<60)).turned())
    let reference = try Reference(graph, source: before.source, samples: Array(0..<60))
    #expect(try reference.distance(of: turned, source: before.source).relativeError < 2e-5)
    let after = try PreparedSketch(turned, count: 60, seed: 5)
    let g = try #require(after.prepared.coupled.groups.firstIndex { $0.count == 8 })
    func error(without channels: Range<Int>) throws -> Double {
      var removal = Removal(after.prepared.coupled.groups)
      for channel in channels { removal.removed[g][channel] = true }
      return try reference.distance(of: after.prepared.compensated(removal), source: after.source).relativeError
    }
    #expect(try error(without: 4..<8) < 1e-3)
    #expect(try error(without: 0..<4) > 0.1)
  }

  /// Behind a nonlinearity channels cannot be mixed.
  @Test func nonlinearStreamsStay() throws {
    let sketch = try PreparedSketch(Self.stream(isLinear: false), count: 20, seed: 5)
    #expect(try StreamBasis(sketch.prepared, source: sketch.source, samples: [0, 1, 2]).turned() == nil)
    let dense = try PreparedSketch.dense(seed: 2)
    #expect(try StreamBasis(dense.prepared, source: dense.source, samples: [0, 1]).turned() == nil)
  }
}
