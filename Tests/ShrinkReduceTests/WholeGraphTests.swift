import ShrinkGraph
import ShrinkRun
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

/// Laws of coupling and rewriting that hold for every graph.
@Suite struct WholeGraphTests {
  /// Seeds from here on, a few dozen a case.
  private static let perCase = 40
  /// What must be cut in some graph, or the law says nothing about it.
  private static let wanted: Set<String> = [
    "Conv", "Depthwise", "Gemm", "MatMul", "Add", "Relu", "BatchNormalization", "MaxPool", "GlobalAveragePool",
    "Flatten",
    "Concat", "Clip", "Sigmoid", "Mul",
  ]

  /// Some units of every group, never all.
  private static func removal(_ groups: [ChannelGroup], _ rng: inout SplitMix64) -> Removal {
    var removal = Removal(groups)
    for (g, group) in groups.enumerated() {
      let gone = Int.random(in: 0..<group.count, using: &rng)
      for unit in Array(0..<group.count).shuffled(using: &rng).prefix(gone) { removal.removed[g][unit] = true }
    }
    return removal
  }

  /// The original with the weights that read removed units set to zero, element by element.
  private static func silenced(_ sketch: CoupledSketch, _ removal: Removal) -> Graph {
    var graph = sketch.graph
    for site in sketch.coupled.sites {
      guard let weight = graph[site.weight].constant else { continue }
      var elements = weight.elements(Float.self)
      let order = site.reading.matrixOrder()
      let width = site.product.taps * site.product.outputs
      for (channel, units) in site.units.enumerated() where removal.takes(units) {
        for place in order[channel * width..<(channel + 1) * width] { elements[place] = 0 }
      }
      graph[site.weight].constant = Tensor(shape: weight.shape, elements)
    }
    return graph
  }

  /// Operators that lose an index of an axis.
  private static func touched(_ sketch: CoupledSketch, _ small: [TensorType?]) -> Set<String> {
    var result = Set<String>()
    for node in sketch.graph.nodes {
      let values = (node.inputs + node.outputs).compactMap(\.self)
      guard values.contains(where: { sketch.types[$0.index]?.shape != small[$0.index]?.shape }) else { continue }
      result.insert(node.attributes.contains { $0.name == "group" } ? "Depthwise" : node.opType)
    }
    return result
  }

  /// Every axis has lost its removed indices and keeps at least one; declared sizes say the same.
  private static func checkShapes(_ sketch: CoupledSketch, _ removal: Removal, _ small: Graph, seed: UInt64) throws
    -> [TensorType?]
  {
    let types = try Inference(small, inputs: CoupledSketch.inputs(small, samples: 2)).types
    for (v, type) in sketch.types.enumerated() {
      guard let type, let left = types[v] else { continue }
      for axis in type.shape.indices {
        // An index may belong to units of several groups.
        var lost = Set<Int>()
        for (g, group) in sketch.coupled.groups.enumerated() {
          for entry in group.axes where entry.axis == ValueAxis(ValueID(v), axis) {
            lost.formUnion(
              entry.units.indices.filter { i in
                entry.units[i] >= 0 && removal.removed[g][Int(entry.units[i])]
              })
          }
        }
        let gone = lost.count
        let name = small.values[v].name
        #expect(left.shape[axis] == type.shape[axis] - gone, "seed \(seed): axis \(axis) of \(name)")
        #expect(left.shape[axis] > 0, "seed \(seed): axis \(axis) of \(name) is empty")
        if let size = small.values[v].type?.dims?[axis].size {
          #expect(size == left.shape[axis], "seed \(seed): axis \(axis) of \(name) is declared with \(size)")
        }
      }
    }
    return types
  }

  /// Cutting units out = silencing whatever reads them.
  @Test(arguments: 0..<8 as Range<UInt64>) func cuttingEqualsSilencing(part: UInt64) throws {
    var seen = Set<String>()
    for seed in part * 1_000..<part * 1_000 + UInt64(Self.perCase) {
      var rng = SplitMix64(seed: seed &+ 77)
      let sketch = try CoupledSketch(RandomGraph(seed: seed).graph)
      for _ in 0..<2 where !sketch.coupled.groups.isEmpty {
        let removal = Self.removal(sketch.coupled.groups, &rng)
        let small = sketch.rewrite.apply(removal)
        try small.check()
        seen.formUnion(Self.touched(sketch, try Self.checkShapes(sketch, removal, small, seed: seed)))
        let samples = SampleSketch(sketch.graph, count: 3, seed: seed)
        let wanted = try samples.outputs(Self.silenced(sketch, removal))
        let found = try samples.outputs(small)
        for (a, b) in zip(found, wanted) {
          let difference = a.difference(from: b, tolerance: 2e-4)
          #expect(difference == nil, "seed \(seed): \(difference ?? ""), removed \(removal.removed)")
        }
      }
    }
    let missing = Self.wanted.subtracting(seen)
    #expect(missing.isEmpty, "no graph of this part cuts \(missing.sorted())")
  }

  /// Every hidden layer of a plain chain can shrink, so the law above is not about nothing.
  @Test func mostGraphsCanShrink() throws {
    let counts = try (0..<100 as Range<UInt64>).map { seed in
      try CoupledSketch(RandomGraph(seed: seed).graph).coupled.groups.count
    }
    #expect(counts.count { $0 > 0 } >= 90, "groups: \(counts)")
  }

  @Test func removingNothingChangesNothing() throws {
    for seed in 0..<20 as Range<UInt64> {
      let sketch = try CoupledSketch(RandomGraph(seed: seed).graph)
      let same = sketch.rewrite.apply(Removal(sketch.coupled.groups))
      #expect(zip(same.values, sketch.graph.values).allSatisfy { $0.constant == $1.constant && $0.type == $1.type })
    }
  }
}
