import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

@Suite struct PlainEinsumTests {
  /// What the step makes of an equation over x [B, S, …], and a weight or a second input; nil where it leaves it alone.
  private static func kinds(
    _ equation: String, _ shape: [Int], weight: [Int]? = nil, other: [Int]? = nil, isFirst: Bool = false
  ) throws -> [String]? {
    var sketch = GraphSketch(seed: 8)
    let x = sketch.input(DeclaredType(.float32, [.symbol("B")] + shape.map { .known($0) }))
    var feeds = [x: shape]
    var operand = weight.map { sketch.weight($0) }
    if let other {
      let second = sketch.input(DeclaredType(.float32, [.symbol("B")] + other.map { .known($0) }), name: "z")
      feeds[second] = other
      operand = second
    }
    let pair = isFirst ? [operand, x] : [x, operand]
    sketch.output(sketch.node("Einsum", pair, ["equation": .string(Array(equation.utf8))]))
    var small = sketch.graph
    let types = try Inference(small, inputs: feeds.mapValues { TensorType(.float32, [2] + $0) }).types
    guard try PlainEinsum().apply(to: &small, types: types) else { return nil }
    try small.check()
    var rng = SplitMix64(seed: 2)
    for batch in [1, 2, 5] {
      var data: [ValueID: Tensor] = [:]
      for (input, shape) in feeds.sorted(by: { $0.key < $1.key }) {
        data[input] = Tensor.random([batch] + shape, using: &rng)
      }
      let output = try #require(small.outputs.first)
      let wanted = try #require(try Executor(sketch.graph).run(data)[output])
      let found = try #require(try Executor(small).run(data)[output])
      #expect(wanted.difference(from: found) == nil, "\(equation)")
    }
    return small.nodes.map(\.opType).filter { $0 != "Constant" }
  }

  @Test func productsWithAWeight() throws {
    #expect(try Self.kinds("bsd,df->bsf", [5, 6], weight: [6, 4]) == ["MatMul"])
    #expect(try Self.kinds("...d,fd->...f", [5, 6], weight: [4, 6]) == ["MatMul"])
    #expect(try Self.kinds("df,bsd->bsf", [5, 6], weight: [6, 4], isFirst: true) == ["MatMul"])
    #expect(try Self.kinds("bsd,dhe->bshe", [5, 6], weight: [6, 2, 3]) == ["MatMul", "Reshape"])
    #expect(try Self.kinds("bsd,dhe->bhse", [5, 6], weight: [6, 2, 3]) == ["MatMul", "Reshape", "Transpose"])
    #expect(try Self.kinds("bshe,hed->bsd", [5, 2, 3], weight: [2, 3, 6]) == ["Reshape", "MatMul"])
    #expect(try Self.kinds("bhse,ehd->bsd", [2, 5, 3], weight: [3, 2, 6]) == ["Transpose", "Reshape", "MatMul"])
    #expect(try Self.kinds("bcs,oc->bos", [6, 5], weight: [4, 6]) == ["Transpose", "MatMul", "Transpose"])
  }

  @Test func productsOfActivations() throws {
    let (q, k) = ([5, 2, 3], [7, 2, 3])
    #expect(try Self.kinds("bqhd,bkhd->bhqk", q, other: k) == ["Transpose", "Transpose", "MatMul"])
    #expect(try Self.kinds("bqhd,bkhd->bqhk", q, other: k) == ["Transpose", "Transpose", "MatMul", "Transpose"])
    #expect(try Self.kinds("bhqk,bkhd->bqhd", [2, 5, 7], other: k) == ["Transpose", "MatMul", "Transpose"])
  }

  /// Products of matrices as they stand, weights of each sample, sums over one operand alone, a letter twice.
  @Test func otherFormsStay() throws {
    #expect(try Self.kinds("bhqd,bhkd->bhqk", [2, 5, 3], other: [2, 7, 3]) == nil)
    #expect(try Self.kinds("bshd,hde->bshe", [5, 2, 3], weight: [2, 3, 4]) == nil)
    #expect(try Self.kinds("bsd,df->bf", [5, 6], weight: [6, 4]) == nil)
    #expect(try Self.kinds("bsd,d->bs", [5, 6], weight: [6]) == nil)
    #expect(try Self.kinds("bss,sf->bf", [6, 6], weight: [6, 4]) == nil)
    #expect(try Self.kinds("bsd,bsd->bsd", [5, 6], other: [5, 6]) == nil)
  }

  /// A weight of two nodes stays one; one that is read in another way stays as it is.
  @Test func weightsOfSeveralNodes() throws {
    for isShown in [false, true] {
      var sketch = GraphSketch()
      let x = sketch.input([5, 6])
      let weight = sketch.weight([6, 2, 3])
      for _ in 0..<2 {
        let y = sketch.node("Einsum", [x, weight], ["equation": .string(Array("bsd,dhe->bshe".utf8))])
        sketch.output(y)
      }
      if isShown { sketch.output(sketch.relu(weight)) }
      var small = sketch.graph
      let types = try Inference(small, inputs: [x: TensorType(.float32, [2, 5, 6])]).types
      #expect(try PlainEinsum().apply(to: &small, types: types) == !isShown)
      let products = small.nodes.filter { $0.opType == "MatMul" }
      #expect(Set(products.map { $0.inputs[1] }).count == (isShown ? 0 : 1))
    }
  }
}
