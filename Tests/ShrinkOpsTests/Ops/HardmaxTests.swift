import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct HardmaxTests {
  @Test func obeysTheLaws() throws {
    for axis in -3..<3 as Range<Int64> {
      try checkLaws("Hardmax", ["axis": .int(axis)], operands: [.random([2, 3, 4])])
    }
    try checkLaws("Hardmax", opset: 11, operands: [.random([2, 3, 4])])
  }

  @Test func marksTheFirstGreatest() throws {
    let x = Tensor(shape: [2, 2, 2], [1, 3, 3, 0, -2, -2, -2, -1] as [Float])
    #expect(try result("Hardmax", x).floats == [0, 1, 1, 0, 1, 0, 0, 1])
    #expect(try result("Hardmax", ["axis": .int(1)], x).floats == [0, 1, 1, 0, 1, 0, 0, 1])
    #expect(try result("Hardmax", opset: 11, x).floats == [0, 1, 0, 0, 0, 0, 0, 1])
    #expect(throws: OperatorError.self) { try result("Hardmax", ["axis": .int(3)], x) }
  }
}
