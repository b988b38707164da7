import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct ProgramTests {
  /// Compiled networks give what the kernels give node by node, whatever was fused, laid out anew or aliased.
  @Test(arguments: 0..<8) func agreesWithTheKernels(_ block: Int) throws {
    for seed in UInt64(block) * 25..<UInt64(block + 1) * 25 {
      let network = RandomNetwork(seed: seed)
      let graph = network.sketch.graph
      var rng = SplitMix64(seed: seed)
      let feeds = [network.input: Tensor.random(network.shape, using: &rng)]
      let executor = try Executor(graph)
      let wanted = try executor.run(feeds) { (_, _, _) in }
      #expect(try executor.profile(feeds) { _, _ in } != nil, "seed \(seed) is not compiled")
      for _ in 0..<2 {
        let found = try executor.run(feeds)
        for output in graph.outputs {
          let (a, b) = (try #require(found[output]), try #require(wanted[output]))
          let scale = b.floats.reduce(Float(1)) { max($0, abs($1)) }
          #expect(a.shape == b.shape, "seed \(seed)")
          let difference = zip(a.floats, b.floats).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
          #expect(difference <= 1e-4 * scale, "seed \(seed), \(graph[output].name)")
        }
      }
    }
  }

  @Test func servesEveryBatchSize() throws {
    var sketch = GraphSketch(seed: 3)
    let x = sketch.input([3, 8, 8])
    sketch.output(sketch.relu(sketch.conv(x, 3, 5)))
    let executor = try Executor(sketch.graph)
    for batch in [1, 4, 3, 7, 2, 5, 1] {
      let feeds = [x: Tensor.random([batch, 3, 8, 8], using: &sketch.rng)]
      let found = try #require(try executor.run(feeds)[sketch.graph.outputs[0]])
      let wanted = try #require(try executor.run(feeds) { (_, _, _) in }[sketch.graph.outputs[0]])
      #expect(found.difference(from: wanted, tolerance: 1e-4) == nil)
    }
  }

  @Test(arguments: ["forward", "reverse", "bidirectional"], [(1, 1), (7, 2), (70, 1), (5, 17)])
  func runsRecurrentLayers(_ direction: String, _ size: (steps: Int, batch: Int)) throws {
    let (inputs, hidden, directions) = (3, 5, direction == "bidirectional" ? 2 : 1)
    for hasStates in [false, true] {
      var sketch = GraphSketch(seed: 9)
      let x = sketch.fixedInput([size.steps, size.batch, inputs])
      let (w, r) = (sketch.weight([directions, 4 * hidden, inputs]), sketch.weight([directions, 4 * hidden, hidden]))
      let state = { (s: inout GraphSketch) in hasStates ? s.weight([directions, size.batch, hidden]) : nil }
      let operands = [
        x, w, r, sketch.weight([directions, 8 * hidden]), nil, state(&sketch), state(&sketch),
        hasStates ? sketch.weight([directions, 3 * hidden]) : nil,
      ]
      let y = sketch.nodes("LSTM", operands, results: 3, ["direction": .string(Array(direction.utf8))])
      for value in y { sketch.output(value) }
      let executor = try Executor(sketch.graph)
      let feeds = [x: Tensor.random([size.steps, size.batch, inputs], using: &sketch.rng)]
      #expect(try executor.profile(feeds) { _, _ in } != nil)
      let (found, wanted) = (try executor.run(feeds), try executor.run(feeds) { (_, _, _) in })
      for value in y { #expect(try #require(found[value]).difference(from: #require(wanted[value])) == nil) }
    }
  }

  /// What stands in front of a shape that depends on the data is compiled; the rest runs node by node.
  @Test func compilesWhatItCan() throws {
    var sketch = GraphSketch(seed: 4)
    let x = sketch.input([3, 6, 6])
    let hidden = sketch.relu(sketch.conv(x, 3, 4))
    let places = sketch.node("NonZero", [hidden])
    let wide = sketch.node("Cast", [places], ["to": .int(1)])
    for value in [sketch.node("Mul", [wide, wide]), sketch.relu(sketch.conv(hidden, 4, 2)), hidden] {
      sketch.output(value)
    }
    let executor = try Executor(sketch.graph)
    let feeds = [x: Tensor.random([2, 3, 6, 6], using: &sketch.rng)]
    #expect(try executor.profile(feeds) { _, _ in } != nil)
    let (found, wanted) = (try executor.run(feeds), try executor.run(feeds) { (_, _, _) in })
    for value in sketch.graph.outputs {
      #expect(try #require(found[value]).difference(from: #require(wanted[value]), tolerance: 1e-4) == nil)
    }
  }

  @Test func returnsInputsAndConstants() throws {
    var sketch = GraphSketch()
    let x = sketch.input([2])
    let w = sketch.weight([3])
    let y = sketch.node("Identity", [x])
    for value in [x, w, y] { sketch.output(value) }
    let feed = Tensor(shape: [1, 2], [1, 2] as [Float])
    let found = try Executor(sketch.graph).run([x: feed])
    #expect(found[x] == feed && found[y] == feed && found[w] == sketch.graph[w].constant)
  }

  @Test func keepsWhatIsNotANumber() throws {
    var sketch = GraphSketch()
    let x = sketch.input([4])
    sketch.output(sketch.relu(sketch.node("Neg", [x])))
    let feed = Tensor(shape: [1, 4], [.nan, .infinity, -.infinity, 2] as [Float])
    let found = try #require(try Executor(sketch.graph).run([x: feed])[sketch.graph.outputs[0]]).floats
    #expect(found[0].isNaN && found[1] == 0 && found[2] == .infinity && found[3] == 0)
  }

  /// Runs a graph both ways and compares.
  private func expectAgreement(_ sketch: GraphSketch, _ feeds: [ValueID: Tensor]) throws {
    let executor = try Executor(sketch.graph)
    let (found, wanted) = (try executor.run(feeds), try executor.run(feeds) { (_, _, _) in })
    for value in sketch.graph.outputs {
      #expect(try #require(found[value]).difference(from: #require(wanted[value]), tolerance: 1e-4) == nil)
    }
  }

  /// oneDNN 2.6 does such convolutions as plain products, and takes the summand for one of a channel there.
  @Test func addsWholeTensorsBehindConvolutionsOfOneAxis() throws {
    var sketch = GraphSketch(seed: 2)
    let x = sketch.fixedInput([1, 4, 9])
    let y = sketch.node("Conv", [x, sketch.weight([4, 4, 3])], ["pads": .ints([1, 1])])
    sketch.output(sketch.node("Add", [y, x]))
    try expectAgreement(sketch, [x: Tensor.random([1, 4, 9], using: &sketch.rng)])
  }

  @Test func weightsThatAreNoNumbersStayVisible() throws {
    var sketch = GraphSketch(seed: 2)
    let x = sketch.input([2, 3, 3])
    let w = sketch.constant(Tensor(shape: [1, 2, 1, 1], [.nan, 1] as [Float]))
    sketch.output(sketch.relu(sketch.node("Conv", [x, w])))
    let feeds = [x: Tensor.random([1, 2, 3, 3], using: &sketch.rng)]
    let found = try #require(try Executor(sketch.graph).run(feeds)[sketch.graph.outputs[0]])
    #expect(found.floats.allSatisfy { $0.isNaN })
  }

  @Test func inputsThatAreNoNumbersStayVisible() throws {
    var sketch = GraphSketch(seed: 2)
    let x = sketch.input([2, 3, 3])
    sketch.output(sketch.relu(sketch.conv(x, 2, 2)))
    let values = try Executor(sketch.graph).run([x: Tensor(shape: [1, 2, 3, 3], repeating: Float.nan)])
    let found = try #require(values[sketch.graph.outputs[0]])
    #expect(found.floats.allSatisfy { $0.isNaN })
  }

  @Test func longStepsAndUnitAxesHaveFreeStrides() throws {
    var sketch = GraphSketch(seed: 2)
    let x = sketch.fixedInput([12, 1])
    func integers(_ value: Int64) -> ValueID { sketch.constant(Tensor(shape: [1], [value])) }
    let column = sketch.node("Slice", [x, integers(0), integers(.max), integers(1), integers(3)])
    let one = sketch.node("Slice", [x, integers(0), integers(.max), integers(0), integers(.max)])
    sketch.output(sketch.node("MatMul", [sketch.weight([2, 12]), column]))
    sketch.output(sketch.relu(one))
    try expectAgreement(sketch, [x: Tensor.random([12, 1], using: &sketch.rng)])
  }

  @Test func gatesOfAHigherRankAreNotFused() throws {
    var sketch = GraphSketch(seed: 2)
    let x = sketch.input([6])
    let y = sketch.node("MatMul", [x, sketch.weight([6, 5])])
    let three = sketch.constant(Tensor(shape: [1, 1, 1], [3] as [Float]))
    let bounds = [Float(0), 6].map { sketch.constant(Tensor($0)) }
    let gate = sketch.node("Clip", [sketch.node("Add", [y, three]), bounds[0], bounds[1]])
    sketch.output(sketch.node("Div", [sketch.node("Mul", [y, gate]), bounds[1]]))
    try expectAgreement(sketch, [x: Tensor.random([2, 6], using: &sketch.rng)])
  }

  @Test func runsWithoutSamples() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3, 4, 4])
    sketch.output(sketch.conv(x, 3, 2))
    let found = try Executor(sketch.graph).run([x: Tensor(shape: [0, 3, 4, 4], [Float]())])
    #expect(found[sketch.graph.outputs[0]]?.shape == [0, 2, 4, 4])
  }
}

extension Tensor {
  fileprivate var floats: [Float] { elements(Float.self) }
}
