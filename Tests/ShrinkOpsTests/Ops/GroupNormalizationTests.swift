import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct GroupNormalizationTests {
  @Test(arguments: [(18, 2), (21, 6)]) func obeysTheLaws(_ opset: Int, _ parameters: Int) throws {
    try checkLaws(
      "GroupNormalization", opset: opset, ["num_groups": .int(2)],
      operands: [.random([3, 6, 3, 4]), .random([parameters]), .random([parameters])], constants: [1, 2])
  }

  @Test(arguments: [(18, [2]), (21, [2, 5])] as [(Int, [Float])]) func normalizesEachGroup(
    _ opset: Int, _ scale: [Float]
  ) throws {
    let y = try NodeCase(
      "GroupNormalization", opset: opset, ["epsilon": .float(0), "num_groups": .int(1)],
      operands: [
        Tensor(shape: [1, 2, 1], [1, 3] as [Float]), Tensor(shape: [scale.count], scale),
        Tensor(shape: [scale.count], repeating: Float(1)),
      ]
    ).run()[0]
    #expect(y.elements(Float.self) == [-1, opset < 21 ? 3 : 6])
  }

  @Test func refusesWhatDoesNotFit() {
    let operands = [[2, 3, 4], [2], [2]].map { Tensor(shape: $0, repeating: Float(1)) }
    for groups in [0, 2] {
      #expect(throws: OperatorError.self) {
        try NodeCase("GroupNormalization", opset: 21, ["num_groups": .int(Int64(groups))], operands: operands).infer()
      }
    }
  }
}
