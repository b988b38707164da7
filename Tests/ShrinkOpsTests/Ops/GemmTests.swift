import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct GemmTests {
  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func obeysTheLaws(_ transposed: (a: Bool, b: Bool)) throws {
    let attributes: [String: Attribute.Value] = [
      "transA": .int(transposed.a ? 1 : 0), "transB": .int(transposed.b ? 1 : 0), "alpha": .float(0.5),
      "beta": .float(2),
    ]
    let a = CaseOperand.random(transposed.a ? [5, 3] : [3, 5]), b = CaseOperand.random(transposed.b ? [7, 5] : [5, 7])
    for seed in 1...3 as ClosedRange<UInt64> {
      try checkLaws("Gemm", attributes, operands: [a, b], constants: [1], isLinear: true, seed: seed)
      for c in [[7], [1, 7]] {
        try checkLaws("Gemm", attributes, operands: [a, b, .random(c)], constants: [1, 2], isLinear: true, seed: seed)
      }
      for c in [[], [1], [1, 1], [3, 1], [3, 7]] {
        try checkLaws(
          "Gemm", attributes, operands: [a, b, .random(c)], constants: [1, 2], isLinear: false, seed: seed)
      }
    }
  }

  @Test func multipliesAndAdds() throws {
    let a = Tensor(shape: [2, 2], [1, 2, 3, 4] as [Float]), b = Tensor(shape: [2, 3], [1, 0, 2, 0, 1, 1] as [Float])
    let run = { (c: Tensor?, beta: Float) in
      try NodeCase("Gemm", ["beta": .float(beta)], operands: [a, b] + (c.map { [$0] } ?? [])).run()[0].elements(
        Float.self)
    }
    #expect(try run(nil, 1) == [1, 2, 4, 3, 4, 10])
    #expect(try run(Tensor(Float(1)), 2) == [3, 4, 6, 5, 6, 12])
    #expect(try run(Tensor(shape: [3], [1, 2, 3] as [Float]), 1) == [2, 4, 7, 4, 6, 13])
    #expect(try run(Tensor(shape: [2, 1], [1, 2] as [Float]), 1) == [2, 3, 5, 5, 6, 12])
    #expect(try run(Tensor(shape: [1], [Float.infinity]), 0) == [1, 2, 4, 3, 4, 10])
  }

  @Test func refusesWhatDoesNotFit() {
    for shapes in [[[2, 3], [4, 5]], [[2, 3], [3]], [[2, 3], [3, 4], [3]], [[2, 3], [3, 4], [1, 2, 4]]] {
      #expect(throws: OperatorError.self, "\(shapes)") {
        try NodeCase("Gemm", operands: shapes.map { Tensor(shape: $0, repeating: Float(0)) }).infer()
      }
    }
  }
}
