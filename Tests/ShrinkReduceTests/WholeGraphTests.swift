import Foundation
import ShrinkGraph
import ShrinkRun
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

/// Laws of coupling and rewriting that hold for every graph.
@Suite struct WholeGraphTests {
  /// Graphs of each of eight parts: ONNX_SHRINK_GRAPHS asks for more in all.
  private static let perCase = max(
    50, (ProcessInfo.processInfo.environment["ONNX_SHRINK_GRAPHS"].flatMap { Int($0) } ?? 0) / 8)
  /// What must be cut in some graph of each part, or the law says nothing about it.
  private static let wanted: Set<String> = ["Conv", "Gemm", "MatMul", "Add", "Relu", "Mul", "Concat"]

  /// Graphs that are looked through for what can go.
  private static let surveyed = 500
  /// Operators that units pass through in some of them.
  private static let structureOperators: Set<String> = [
    "Split", "Slice", "Transpose", "Reshape", "DepthToSpace", "InstanceNormalization", "PRelu", "ConvTranspose",
    "LSTM", "GRU", "RNN", "Squeeze", "Softmax", "Conv", "Gemm", "MatMul", "Add", "Relu", "MaxPool", "GlobalAveragePool",
    "Flatten", "Concat", "Clip", "Sigmoid", "Mul", "BatchNormalization",
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
    silencePairs(sketch, removal, &graph)
    return graph
  }

  /// What makes units that only products of activations sum over is set to zero: so they add nothing.
  private static func silencePairs(_ sketch: CoupledSketch, _ removal: Removal, _ graph: inout Graph) {
    for (g, group) in sketch.coupled.groups.enumerated() where !group.pairs.isEmpty {
      for entry in group.axes {
        // What divides stays: 0 divided by it is 0.
        guard let constant = graph[entry.axis.value].constant,
          !graph.nodes.contains(where: { $0.opType == "Div" && $0.inputs[1] == entry.axis.value })
        else { continue }
        let inner = constant.shape[(entry.axis.axis + 1)...].reduce(1, *)
        func cleared<T>(_ elements: [T], _ zero: T) -> [T] {
          elements.indices.map { i in
            let unit = entry.units[i / inner % constant.shape[entry.axis.axis]]
            return unit >= 0 && removal.removed[g][Int(unit)] ? zero : elements[i]
          }
        }
        switch constant.dtype {
        case .float32:
          graph[entry.axis.value].constant = Tensor(shape: constant.shape, cleared(constant.elements(Float.self), 0))
        case .float64:
          graph[entry.axis.value].constant = Tensor(shape: constant.shape, cleared(constant.elements(Double.self), 0))
        case .int8:
          let zero = Int8(hasZeroPoint(entry.axis.value, graph) ? RandomGraph.zeroPoint : 0)
          graph[entry.axis.value].constant = Tensor(shape: constant.shape, cleared(constant.elements(Int8.self), zero))
        default: continue
        }
      }
    }
  }

  private static func hasZeroPoint(_ value: ValueID, _ graph: Graph) -> Bool {
    graph.nodes.contains { $0.inputs.first == value && $0.inputs.count == 3 }
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
  private static func checkShapes(
    _ sketch: CoupledSketch, _ removal: Removal, _ small: Graph, samples: Int, seed: UInt64
  ) throws -> [TensorType?] {
    let types = try Inference(small, inputs: CoupledSketch.inputs(small, samples: samples)).types
    for (v, type) in sketch.types.enumerated() {
      // Lists of numbers, as a Gather's, are edited by their nodes.
      guard let type, let left = types[v], type.dtype == .float32 else { continue }
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

  /// Cutting units out = silencing whatever reads them, for batches of another size than the one that was coupled.
  @Test(arguments: 0..<8 as Range<UInt64>) func cuttingEqualsSilencing(part: UInt64) throws {
    var seen = Set<String>()
    for seed in part * 100_000..<part * 100_000 + UInt64(Self.perCase) {
      do { try Self.check(seed, &seen) } catch { Issue.record("seed \(seed): \(error)") }
    }
    let missing = Self.wanted.subtracting(seen)
    #expect(missing.isEmpty, "no graph of this part cuts \(missing.sorted())")
  }

  private static func check(_ seed: UInt64, _ seen: inout Set<String>) throws {
    var rng = SplitMix64(seed: seed &+ 77)
    let whole = try WholeGraph(seed: seed)
    let sketch = whole.sketch
    for count in whole.others where !sketch.coupled.groups.isEmpty {
      let samples = SampleSketch(whole.original, count: count, seed: seed)
      func compare(_ graph: Graph, _ wanted: Graph, _ what: @autoclosure () -> String) throws {
        let found = try samples.outputs(graph, make: Mystery.make)
        for (a, b) in zip(found, try samples.outputs(wanted, make: Mystery.make)) {
          let difference = a.difference(from: b, tolerance: 2e-4)
          #expect(difference == nil, "seed \(seed), batch \(count): \(difference ?? ""), \(what())")
        }
      }
      if whole.isSimplified { try compare(sketch.graph, whole.original, "simplified") }
      let removal = removal(sketch.coupled.groups, &rng)
      let small = sketch.rewrite.apply(removal)
      try small.check()
      seen.formUnion(
        touched(sketch, try checkShapes(sketch, removal, small, samples: whole.coupledAt, seed: seed)))
      try compare(small, silenced(sketch, removal), "removed \(removal.removed)")
    }
  }

  /// Units of every structure that the generator knows can go, or the law above says nothing about it.
  ///
  /// What pins does so, and nothing more: in most of its graphs something else can go.
  @Test func everyStructureIsCut() throws {
    var operators = Set<String>(), kinds = Set<String>()
    var counts: [String: (built: Int, cut: Int, others: Int)] = [:]
    for seed in 0..<UInt64(Self.surveyed) {
      let whole = try WholeGraph(seed: 2 * seed + 1)
      let (graph, groups) = (whole.sketch.graph, whole.sketch.coupled.groups)
      var names = Set<String>()
      for group in groups {
        kinds.insert(group.kind.text.prefix { $0.isLetter }.lowercased())
        for node in group.between + group.producers { operators.insert(graph[node].opType) }
        for entry in group.axes { names.insert(graph[entry.axis.value].name) }
      }
      for (structure, values) in whole.structures {
        var count = counts[structure] ?? (0, 0, 0)
        count.built += 1
        count.cut += values.isDisjoint(with: names) ? 0 : 1
        count.others += groups.isEmpty ? 0 : 1
        counts[structure] = count
      }
    }
    let missing = Self.structureOperators.subtracting(operators).sorted()
    #expect(missing.isEmpty, "never cut: \(missing)")
    let named: Set<String> = ["channels", "heads", "query", "value", "hidden", "blocks", "places"]
    #expect(named.subtracting(kinds).isEmpty, "no group of: \(named.subtracting(kinds).sorted())")
    #expect(RandomGraph.pinning.isSubset(of: counts.keys))
    for (structure, count) in counts.sorted(by: { $0.key < $1.key }) {
      #expect(RandomGraph.pinning.contains(structure) == (count.cut == 0), "\(structure): \(count)")
      #expect(2 * count.others > count.built, "\(structure): \(count)")
    }
  }

  /// What the lossless stage removes changes nothing, on samples that it has not seen.
  @Test func losslessIsLossless() throws {
    var shrunk = 0
    for seed in 0..<UInt64(Self.perCase / 2) {
      do { shrunk += try Self.checkLossless(2 * seed + 1) ? 1 : 0 } catch {
        Issue.record("seed \(2 * seed + 1): \(error)")
      }
    }
    #expect(shrunk > 0, "nothing went anywhere")
  }

  /// Whether anything went.
  private static func checkLossless(_ seed: UInt64) throws -> Bool {
    let whole = try WholeGraph(seed: seed)
    let graph = whole.sketch.graph
    guard !whole.structures.keys.contains(where: RandomGraph.unknown.contains), !whole.sketch.coupled.groups.isEmpty
    else { return false }
    let sketch = try PreparedSketch(graph, count: 96, seed: seed, lossless: true)
    let result = ExactStage(sketch.prepared, tolerance: 3e-10).run(
      allowed: sketch.prepared.coupled.groups.map { _ in true })
    try result.graph.check()
    guard result.removal != Removal(sketch.prepared.coupled.groups) else { return false }
    let fresh = SampleSketch(whole.original, count: 40, seed: seed &+ 1_000)
    for (a, b) in zip(try fresh.outputs(result.graph), try fresh.outputs(whole.original)) {
      let error = relativeError(b.doubles, a.doubles)
      #expect(error < 1e-3, "seed \(seed): \(error), removed \(result.removal.removed)")
    }
    return true
  }

  /// Every hidden layer of a plain chain can shrink, so the law above is not about nothing.
  @Test func mostGraphsCanShrink() throws {
    let counts = try (0..<100 as Range<UInt64>).map { seed in
      try WholeGraph(seed: seed).sketch.coupled.groups.count
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
