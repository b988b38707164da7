import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct MatMulTests {
  @Test(arguments: [[3, 5], [2, 3, 5], [2, 1, 4, 5], [5]]) func obeysTheLawsWithAWeight(_ x: [Int]) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      try checkLaws("MatMul", operands: [.random(x), .random([5, 7])], constants: [1], isLinear: true, seed: seed)
    }
  }

  @Test(arguments: [
    [[2, 3, 5], [2, 5, 4]], [[2, 3, 3, 5], [3, 5, 4]], [[1, 3, 5], [2, 5, 4]], [[2, 1, 3, 5], [1, 4, 5, 2]],
    [[3, 5], [5, 4]],
    [[2, 3, 5], [5]], [[5], [2, 5, 4]],
  ])
  func obeysTheLawsWithTwoActivations(_ shapes: [[Int]]) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      try checkLaws("MatMul", operands: shapes.map { .random($0) }, seed: seed)
    }
  }

  @Test(arguments: [
    [[3, 5], [5, 4]], [[2, 3, 5], [2, 5, 4]], [[1, 3, 5], [2, 5, 4]], [[2, 1, 3, 5], [1, 4, 5, 2]],
    [[2, 3, 5], [5, 4]],
    [[2, 3, 2, 5], [3, 5, 4]],
  ])
  func sumsOverTheInnerAxis(_ shapes: [[Int]]) throws {
    var rng = SplitMix64(seed: 3)
    let (a, b) = (Tensor.random(shapes[0], using: &rng), Tensor.random(shapes[1], using: &rng))
    let y = try NodeCase("MatMul", operands: [a, b]).run()[0]
    let at = { (t: Tensor, batch: [Int], row: Int, column: Int) -> Double in
      Double(t.elements(Float.self)[flat(batch.suffix(t.rank - 2) + [row, column], in: t.shape)])
    }
    var wanted: [Float] = []
    for p in grid(y.shape) {
      let batch = Array(p.dropLast(2))
      var sum = 0.0
      for k in 0..<5 { sum += at(a, batch, p[p.count - 2], k) * at(b, batch, k, p[p.count - 1]) }
      wanted.append(Float(sum))
    }
    #expect(y.difference(from: Tensor(shape: y.shape, wanted)) == nil)
  }

  @Test func takesVectors() throws {
    let v = Tensor(shape: [2], [1, 2] as [Float]), m = Tensor(shape: [2, 2], [1, 2, 3, 4] as [Float])
    #expect(try NodeCase("MatMul", operands: [v, v]).run()[0] == Tensor(Float(5)))
    #expect(try NodeCase("MatMul", operands: [v, m]).run()[0] == Tensor(shape: [2], [7, 10] as [Float]))
    #expect(try NodeCase("MatMul", operands: [m, v]).run()[0] == Tensor(shape: [2], [5, 11] as [Float]))
  }

  @Test func refusesWhatDoesNotFit() {
    for shapes in [[[2, 3], [4, 5]], [[], [3]], [[2, 2, 3], [3, 3, 4]]] {
      #expect(throws: OperatorError.self, "\(shapes)") {
        try NodeCase("MatMul", operands: shapes.map { Tensor(shape: $0, repeating: Float(0)) }).infer()
      }
    }
  }
}
