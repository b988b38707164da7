import ShrinkGraph
import ShrinkRun
import Testing
import ShrinkTestSupport

@testable import ShrinkReduce

/// Exact cuts of single graphs; WholeGraphTests has the law for random ones.
@Suite struct RewriteTests {
  @Test func rowsAndColumnsOfDenseLayersAreCut() throws {
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([2]), 2, 4)
    sketch.output(sketch.gemm(hidden, 4, 3))
    let coupled = try CoupledSketch(sketch.graph)
    let small = coupled.rewrite.apply(coupled.removal([0: [0, 2]]))
    let sites = coupled.coupled.sites
    for site in sites {
      let before = try #require(sketch.graph[site.weight].constant).elements(Float.self)
      let after = try #require(small[site.weight].constant)
      let isFirst = site.node == NodeID(0)
      #expect(after.shape == (isFirst ? [2, 2] : [2, 3]))
      let kept = isFirst ? [1, 3, 5, 7] : [3, 4, 5, 9, 10, 11]
      #expect(after.elements(Float.self) == kept.map { before[$0] })
    }
    let bias = try #require(sites[0].constantTerm(in: sketch.graph))
    #expect(small[bias].constant?.shape == [2])
  }

  @Test func depthwiseGroupsAndDeclaredSizesFollow() throws {
    var sketch = GraphSketch()
    let maps = sketch.conv(sketch.input([2, 4, 4]), 2, 5)
    let filters = sketch.weight([5, 1, 3, 3])
    let deep = sketch.node(
      "Conv", [maps, filters], name: "deep", shape: [5, 4, 4], ["group": .int(5), "pads": .ints([1, 1, 1, 1])])
    sketch.output(sketch.conv(deep, 5, 2))
    let coupled = try CoupledSketch(sketch.graph)
    let small = coupled.rewrite.apply(coupled.removal([0: [4, 1]]))
    let node = try #require(small.nodes.first { $0.name == "deep" })
    guard case .int(let group) = try #require(node.attributes.first { $0.name == "group" }).value else {
      return #expect(Bool(false), "no group")
    }
    #expect(group == 3)
    #expect(small[filters].constant?.shape == [3, 1, 3, 3])
    #expect(small[deep].type?.dims == [.symbol("N"), .known(3), .known(4), .known(4)])
    try small.check()
  }

  /// Two Reshapes that share their target: each gets its own.
  @Test func sharedTargetsOfReshapesAreNotSharedAnyMore() throws {
    var sketch = GraphSketch()
    let x = sketch.input([3])
    let target = sketch.constant(Tensor(shape: [3], [0, 4, 1] as [Int64]), name: "target")
    let (a, b) = (sketch.gemm(x, 3, 4), sketch.gemm(x, 3, 4))
    let ends = [a, b].map { hidden -> ValueID in
      let tall = sketch.node("Reshape", [hidden, target])
      return sketch.gemm(sketch.node("Flatten", [tall]), 4, 2)
    }
    for end in ends { sketch.output(end) }
    let coupled = try CoupledSketch(sketch.graph)
    try #require(coupled.coupled.groups.count == 2)
    let small = coupled.rewrite.apply(coupled.removal([0: [0], 1: [0, 1]]))
    try small.check()
    let types = try Inference(small, inputs: CoupledSketch.inputs(small, samples: 2)).types
    let shapes = small.nodes.filter { $0.opType == "Reshape" }.compactMap {
      $0.outputs[0].flatMap { types[$0.index]?.shape }
    }
    #expect(shapes == [[2, 3, 1], [2, 2, 1]])
    let samples = SampleSketch(small, count: 3, seed: 1)
    #expect(try samples.outputs(small).map(\.shape) == [[3, 2], [3, 2]])
  }

  @Test func keptTellsWhatStays() throws {
    var sketch = GraphSketch()
    let hidden = sketch.gemm(sketch.input([2]), 2, 4)
    sketch.output(sketch.gemm(hidden, 4, 3))
    let coupled = try CoupledSketch(sketch.graph)
    let removal = coupled.removal([0: [1]])
    #expect(coupled.rewrite.kept(ValueAxis(hidden, 1), removal) == [0, 2, 3])
    #expect(coupled.rewrite.kept(ValueAxis(hidden, 1), coupled.removal([:])) == nil)
    #expect(coupled.rewrite.kept(ValueAxis(hidden, 0), removal) == nil)
  }
}
