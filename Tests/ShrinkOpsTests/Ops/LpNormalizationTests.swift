import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct LpNormalizationTests {
  @Test func obeysTheLaws() throws {
    for p in 1...2 as ClosedRange<Int64> {
      try checkLaws("LpNormalization", ["p": .int(p), "axis": .int(1)], operands: [.random([2, 3, 4])])
    }
  }

  @Test func dividesByTheNorm() throws {
    let x = Tensor(shape: [2, 2], [3, -4, 0, 0] as [Float])
    #expect(try result("LpNormalization", x).floats == [0.6, -0.8, 0, 0])
    #expect(try result("LpNormalization", ["p": .int(1)], x).floats == [Float(3) / 7, Float(-4) / 7, 0, 0])
    #expect(throws: OperatorError.self) { try result("LpNormalization", ["p": .int(3)], x) }
    #expect(throws: OperatorError.self) { try result("LpNormalization", ["axis": .int(2)], x) }
  }
}
