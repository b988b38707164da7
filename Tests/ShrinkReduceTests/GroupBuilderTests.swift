import ShrinkGraph
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

@Suite struct GroupBuilderTests {
  /// Conv 4 - Flatten - Gemm: a unit takes a block of columns of the flat tensor.
  @Test func flattenedUnitsTakeBlocks() throws {
    var sketch = GraphSketch()
    let maps = sketch.conv(sketch.input([2, 3, 5]), 2, 4, name: "maps")
    let flat = sketch.node("Flatten", [maps])
    sketch.output(sketch.gemm(flat, 60, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    let group = try #require(coupled.groups.first)
    let axis = try #require(group.axes.first { $0.axis == ValueAxis(flat, 1) })
    #expect(axis.perUnit == 15)
    #expect(axis.units == (0..<60).map { Int32($0 / 15) })
    #expect(coupled.sites[1].columns(of: 0, count: 4) == (0..<4).map { Array($0 * 15..<($0 + 1) * 15) })
  }

  /// Depthwise filters, BatchNorm tensors and biases belong to the group of the maps that they act on.
  @Test func weightsOnTheWayBelongToTheGroup() throws {
    var sketch = GraphSketch()
    let maps = sketch.conv(sketch.input([2, 4, 4]), 2, 3)
    let filters = sketch.weight([3, 1, 3, 3])
    let deep = sketch.node("Conv", [maps, filters], ["group": .int(3), "pads": .ints([1, 1, 1, 1])])
    let norm = (0..<4).map { _ in sketch.weight([3], in: 0.5...1) }
    let normal = sketch.node("BatchNormalization", [deep] + norm)
    sketch.output(sketch.conv(normal, 3, 2))
    let coupled = try CoupledSketch(sketch.graph).coupled
    #expect(coupled.groups.map(\.count) == [3])
    let axes = Set(try #require(coupled.groups.first).axes.map(\.axis))
    #expect(axes.isSuperset(of: (norm + [filters]).map { ValueAxis($0, 0) }))
    #expect(coupled.groups.first?.between == [NodeID(1), NodeID(2)])
  }

  /// Units of one axis that touch different axes besides are different groups; the rest of the axis is marked -1.
  @Test func partsOfAnAxisMayBeDifferentGroups() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let (a, b) = (sketch.gemm(x, 3, 2), sketch.gemm(x, 3, 4))
    let joined = sketch.node("Concat", [a, b], ["axis": .int(1)])
    sketch.output(sketch.gemm(joined, 6, 2))
    let groups = try CoupledSketch(sketch.graph).coupled.groups
    let units = groups.map { group in group.axes.first { $0.axis == ValueAxis(joined, 1) }?.units }
    #expect(units == [[0, 1, -1, -1, -1, -1], [-1, -1, 0, 1, 2, 3]])
  }

  @Test func groupIsNamedAfterWhatMakesItOrTheOperator() throws {
    var sketch = GraphSketch()
    let first = sketch.gemm(sketch.input([3]), 3, 2, name: "head")
    sketch.output(sketch.gemm(first, 2, 2))
    var graph = sketch.graph
    #expect(try CoupledSketch(graph).coupled.groups.map(\.name) == ["head"])
    graph.nodes[0].name = ""
    #expect(try CoupledSketch(graph).coupled.groups.map(\.name) == ["Gemm"])
  }

  // MARK: Kinds

  /// [batch, 4, columns] as [batch, heads, 4, width].
  private static func headed(_ sketch: inout GraphSketch, _ x: ValueID, heads: Int, width: Int) -> ValueID {
    let made = sketch.node("MatMul", [x, sketch.weight([5, heads * width])])
    let target = sketch.constant(Tensor(shape: [4], [0, 0, Int64(heads), Int64(width)]))
    return sketch.node("Transpose", [sketch.node("Reshape", [made, target])], ["perm": .ints([0, 2, 1, 3])])
  }

  @Test func attentionHasHeadsAndTwoWidths() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4, 5])
    let q = Self.headed(&sketch, x, heads: 2, width: 3)
    let k = Self.headed(&sketch, x, heads: 2, width: 3)
    let v = Self.headed(&sketch, x, heads: 2, width: 4)
    let scores = sketch.node("MatMul", [q, sketch.node("Transpose", [k], ["perm": .ints([0, 1, 3, 2])])])
    let mixed = sketch.node("MatMul", [sketch.node("Softmax", [scores], ["axis": .int(-1)]), v])
    let back = sketch.node("Transpose", [mixed], ["perm": .ints([0, 2, 1, 3])])
    let flat = sketch.node("Reshape", [back, sketch.constant(Tensor(shape: [3], [0, 0, 8] as [Int64]))])
    sketch.output(sketch.node("MatMul", [flat, sketch.weight([8, 2])]))
    let groups = try CoupledSketch(sketch.graph).coupled.groups
    let counts = Dictionary(uniqueKeysWithValues: groups.map { ($0.kind.text, $0.count) })
    #expect(counts == ["heads": 2, "query-key width": 3, "value width": 4])
    #expect(groups.allSatisfy { $0.name.hasSuffix("(\($0.kind.text))") })
    let width = try #require(groups.first { $0.kind == .queryKeyWidth })
    #expect(width.readers.isEmpty && width.pairs.count == 1)
  }

  @Test func recurrentLayersHaveHiddenUnits() throws {
    var sketch = GraphSketch()
    let weights = [sketch.weight([1, 9, 3]), sketch.weight([1, 9, 3])]
    let x = sketch.node("Transpose", [sketch.input([4, 3])], ["perm": .ints([1, 0, 2])])
    let results = sketch.nodes("GRU", [x] + weights, results: 2, ["hidden_size": .int(3)])
    let last = sketch.node("Squeeze", [results[1], sketch.constant(Tensor(shape: [1], [0] as [Int64]))])
    sketch.output(sketch.gemm(last, 3, 2))
    let group = try #require(try CoupledSketch(sketch.graph).coupled.groups.first)
    #expect(group.kind == .hiddenUnits && group.count == 3 && group.name == "GRU2")
  }

  /// A grouped convolution gives up groups: neighbouring channels, or one of each block behind a shuffle.
  @Test func groupedConvolutionsHaveBlocksAndPlaces() throws {
    func kinds(isShuffled: Bool) throws -> [ChannelGroup.Kind] {
      var sketch = GraphSketch()
      var x = sketch.relu(sketch.conv(sketch.input([2, 3, 3]), 2, 12))
      if isShuffled {
        let apart = sketch.constant(Tensor(shape: [5], [-1, 3, 4, 3, 3] as [Int64]))
        let turned = sketch.node("Transpose", [sketch.node("Reshape", [x, apart])], ["perm": .ints([0, 2, 1, 3, 4])])
        x = sketch.node("Reshape", [turned, sketch.constant(Tensor(shape: [4], [-1, 12, 3, 3] as [Int64]))])
      }
      let deep = sketch.node("Conv", [x, sketch.weight([8, 3, 1, 1])], ["group": .int(4)])
      sketch.output(sketch.conv(sketch.relu(deep), 8, 2))
      return try CoupledSketch(sketch.graph).coupled.groups.map(\.kind)
    }
    let plain = try kinds(isShuffled: false)
    #expect(plain.contains(.blocks(3)) && plain.contains(.places(4)), "\(plain)")
    // Behind the shuffle a group of the convolution reads one of each three neighbours that were four apart.
    let shuffled = try kinds(isShuffled: true)
    #expect(shuffled.contains(.places(3)) && shuffled.contains(.blocks(4)), "\(shuffled)")
  }
}
