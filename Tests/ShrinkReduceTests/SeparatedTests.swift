import ShrinkGraph
import ShrinkOps
import ShrinkRun
import ShrinkTestSupport
import Testing

@testable import ShrinkReduce

@Suite struct SeparatedTests {
  private var sketch = GraphSketch()

  private mutating func ints(_ numbers: [Int]) -> ValueID {
    sketch.constant(Tensor(shape: [numbers.count], numbers.map(Int64.init)), name: "n")
  }

  private mutating func shuffled(_ x: ValueID, _ channels: Int) -> ValueID {
    let split = sketch.node("Reshape", [x, ints([0, 2, channels / 2, 4, 4])])
    let moved = sketch.node("Transpose", [split], ["perm": .ints([0, 2, 1, 3, 4])])
    return sketch.node("Reshape", [moved, ints([0, channels, 4, 4])])
  }

  private func separated() throws -> Separated {
    let inputs = CoupledSketch.inputs(sketch.graph, samples: 2)
    let named = Dictionary(uniqueKeysWithValues: inputs.map { (sketch.graph[$0.key].name, $0.value) })
    return try Separated(Simplified(sketch.graph, inputs: named), inputs: named)
  }

  /// Channels that are cut in two, joined and shuffled three times.
  @Test mutating func channelsOfShuffledHalvesGoOneByOne() throws {
    var x = sketch.relu(sketch.conv(sketch.input([3, 4, 4]), 3, 24))
    for _ in 0..<3 {
      let first = sketch.node("Slice", [x, ints([0]), ints([12]), ints([1])])
      let second = sketch.node("Slice", [x, ints([12]), ints([24]), ints([1])])
      let inner = sketch.relu(sketch.conv(second, 12, 12))
      x = shuffled(sketch.node("Concat", [first, inner], ["axis": .int(1)]), 24)
    }
    sketch.output(sketch.conv(x, 24, 2))
    let plain = try CoupledSketch(sketch.graph)
    let before = plain.coupled.groups.flatMap(\.axes).filter { $0.axis.value == x }
    #expect(before.isEmpty)
    let free = try separated()
    #expect(free.graph.nodes.count { $0.opType == "Gather" } == 3)
    let units = free.coupled.groups.map(\.count).reduce(0, +)
    #expect(units == 24 + 3 * 12)
    let shares = free.coupled.groups.flatMap(\.axes).map(\.perUnit)
    #expect(Set(shares) == [1])
    let reasons = free.coupled.pinned.flatMap(\.reasons).map(\.kind)
    #expect(reasons == [.graphOutput])
  }

  /// Between grouped convolutions every group of channels loses the same places, which a shuffle can follow and a list cannot.
  @Test mutating func shufflesOfGroupedConvolutionsStay() throws {
    let grouped: [String: Attribute.Value] = ["group": .int(2)]
    let x = sketch.conv(sketch.input([4, 4, 4]), 4, 12)
    let inner = sketch.node("Conv", [sketch.relu(x), sketch.weight([12, 6, 1, 1])], grouped)
    let next = sketch.node("Conv", [shuffled(sketch.relu(inner), 12), sketch.weight([4, 6, 1, 1])], grouped)
    sketch.output(sketch.conv(next, 4, 2))
    let (plain, free) = (try CoupledSketch(sketch.graph), try separated())
    #expect(free.graph.nodes.map(\.opType) == sketch.graph.nodes.map(\.opType))
    #expect(free.coupled.groups.map(\.count) == plain.coupled.groups.map(\.count) && !free.coupled.groups.isEmpty)
  }

  /// Layers of which each multiplies by the table and adds the mask; nothing else ties their widths.
  private mutating func layers(tables: Int) -> ValueID {
    let table = sketch.weight([4, 6], name: "table")
    let mask = sketch.weight([4, 4], name: "mask")
    var x = sketch.input([4, 40])
    for _ in 0..<2 {
      let parts = (0..<tables).map { _ in
        sketch.node("Mul", [sketch.node("MatMul", [x, sketch.weight([40, 6])]), table])
      }
      let sum = parts.dropFirst().reduce(parts[0]) { sketch.node("Add", [$0, $1]) }
      let mixed = sketch.node("MatMul", [sketch.node("Add", [mask, sketch.weight([1])]), sum])
      x = sketch.node("MatMul", [sketch.relu(mixed), sketch.weight([6, 40])])
    }
    for _ in 0..<2 { x = sketch.node("MatMul", [sketch.relu(x), sketch.weight([40, 40])]) }
    sketch.output(x)
    return table
  }

  @Test mutating func layersGetTablesOfTheirOwn() throws {
    let table = layers(tables: 2)
    let plain = try CoupledSketch(sketch.graph)
    let free = try separated()
    let widths = [plain.coupled, free.coupled].map { coupled in coupled.groups.count { $0.count == 6 } }
    #expect(widths == [1, 2])
    // One copy more: both nodes of a layer read the same.
    let copies = free.graph.values.filter { $0.constant == sketch.graph[table].constant }
    #expect(copies.count == 2)
    #expect(free.graph.values.count { $0.name.hasPrefix("mask") } <= 1)
  }

  /// Layers that a sum ties all the same.
  @Test mutating func tablesOfTiedLayersStayOne() throws {
    let table = sketch.weight([4, 6], name: "table")
    let x = sketch.input([4, 200])
    let parts = (0..<2).map { _ in sketch.node("Mul", [sketch.node("MatMul", [x, sketch.weight([200, 6])]), table]) }
    sketch.output(sketch.node("MatMul", [sketch.node("Add", [parts[0], parts[1]]), sketch.weight([6, 3])]))
    let free = try separated()
    #expect(free.coupled.groups.count == 1)
    #expect(free.graph.values.count { $0.constant == sketch.graph[table].constant } == 1)
  }
}
