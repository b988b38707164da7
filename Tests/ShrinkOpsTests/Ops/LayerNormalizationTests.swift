import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct LayerNormalizationTests {
  @Test(arguments: [(-1, [5]), (2, [4, 5]), (-3, [3, 4, 5]), (1, [3, 4, 5])]) func obeysTheLaws(
    _ axis: Int, _ scale: [Int]
  ) throws {
    for outputs in 1...3 {
      try checkLaws(
        "LayerNormalization", outputs: outputs, ["axis": .int(Int64(axis))],
        operands: [.random([2, 3, 4, 5]), .random(scale), .random(scale)], constants: [1, 2])
    }
    try checkLaws(
      "LayerNormalization", ["axis": .int(0)], operands: [.random([2, 3]), .random([2, 3])], removesSomething: false)
  }

  @Test func normalizesEachRow() throws {
    let results = try NodeCase(
      "LayerNormalization", outputs: 3, ["epsilon": .float(0)],
      operands: [
        Tensor(shape: [2, 2], [1, 3, -4, 4] as [Float]), Tensor(shape: [2], [1, 2] as [Float]),
        Tensor(shape: [2], [0, 1] as [Float]),
      ]
    ).run()
    #expect(results[0] == Tensor(shape: [2, 2], [-1, 3, -1, 3] as [Float]))
    #expect(results[1] == Tensor(shape: [2, 1], [2, 0] as [Float]))
    #expect(results[2] == Tensor(shape: [2, 1], [1, 0.25] as [Float]))
  }

  @Test func normalizesLongRows() throws {
    var rng = SplitMix64(seed: 5)
    let x = Tensor.random([3, 77], using: &rng)
    let y = try NodeCase("LayerNormalization", operands: [x, Tensor(shape: [77], repeating: Float(1))]).run()[0]
    for row in 0..<3 {
      let values = x.rows(row..<row + 1).doubles
      let mean = values.reduce(0, +) / 77
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 77 + 1e-5).squareRoot()
      let wanted = Tensor(shape: [1, 77], values.map { Float(($0 - mean) / deviation) })
      #expect(y.rows(row..<row + 1).difference(from: wanted) == nil)
    }
  }

  @Test func refusesWhatDoesNotFit() {
    let operands = [[2, 3], [2]].map { Tensor(shape: $0, repeating: Float(1)) }
    #expect(throws: OperatorError.self) { try NodeCase("LayerNormalization", operands: operands).infer() }
    #expect(throws: OperatorError.self) {
      try NodeCase("LayerNormalization", ["axis": .int(2)], operands: operands).infer()
    }
  }
}
