import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct InstanceNormalizationTests {
  @Test(arguments: [[2, 5, 3, 4], [2, 5, 40]]) func obeysTheLaws(_ x: [Int]) throws {
    try checkLaws(
      "InstanceNormalization", operands: [.random(x), .random([5]), .random([5])], constants: [1, 2])
  }

  @Test func normalizesEachChannel() throws {
    let y = try NodeCase(
      "InstanceNormalization", ["epsilon": .float(0)],
      operands: [
        Tensor(shape: [1, 2, 2], [1, 3, -4, 4] as [Float]), Tensor(shape: [2], [1, 2] as [Float]),
        Tensor(shape: [2], [0, 1] as [Float]),
      ]
    ).run()[0]
    #expect(y == Tensor(shape: [1, 2, 2], [-1, 1, -1, 3] as [Float]))
  }

  @Test func refusesWhatDoesNotFit() {
    for shapes in [[[2, 3], [3], [3]], [[2, 3, 4], [2], [3]]] {
      #expect(throws: OperatorError.self) {
        try NodeCase("InstanceNormalization", operands: shapes.map { Tensor(shape: $0, repeating: Float(1)) }).infer()
      }
    }
  }
}
