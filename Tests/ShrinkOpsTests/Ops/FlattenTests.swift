import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct FlattenTests {
  @Test(arguments: [0, 1, 2, 3, 4, -1, -3]) func obeysTheLaws(_ axis: Int64) throws {
    try checkLaws("Flatten", ["axis": .int(axis)], operands: [.random([2, 3, 4, 5])])
    try checkLaws("Flatten", ["axis": .int(axis)], operands: [.random([1, 3, 1, 5])])
  }

  @Test func splitsAtTheAxis() throws {
    let x = Tensor(shape: [2, 3, 4], (0..<24).map { Float($0) })
    for (axis, shape) in [(0, [1, 24]), (1, [2, 12]), (2, [6, 4]), (3, [24, 1]), (-1, [6, 4])] as [(Int64, [Int])] {
      #expect(try NodeCase("Flatten", ["axis": .int(axis)], operands: [x]).run()[0] == x.reshaped(shape))
    }
    #expect(throws: OperatorError.self) { try NodeCase("Flatten", ["axis": .int(4)], operands: [x]).infer() }
  }

  @Test func carriesConstants() throws {
    let x = Tensor(shape: [2, 1, 2], [1, 2, 3, 4] as [Int64])
    let type = try NodeCase("Flatten", operands: [x], constants: [0]).infer()[0]
    #expect(type.constant == x.reshaped([2, 2]))
  }
}
