import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct DetTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("Det", operands: [.random([2, 3, 4, 4])])
    try checkLaws("Det", operands: [.random([4, 4])], removesSomething: false)
  }

  @Test func eliminates() throws {
    let x = Tensor(shape: [3, 2, 2], [0, 1, 1, 0, 1, 2, 3, 4, 1, 2, 2, 4] as [Float])
    #expect(try result("Det", x).difference(from: Tensor(shape: [3], [-1, -2, 0] as [Float])) == nil)
    #expect(try result("Det", .counting([2, 0, 0])) == Tensor(shape: [2], [1, 1] as [Float]))
    #expect(throws: OperatorError.self) { try result("Det", .counting([2, 3])) }
    #expect(throws: OperatorError.self) { try result("Det", .counting([4])) }
    #expect(throws: OperatorError.self) { try result("Det", Tensor(shape: [1, 1], [1 as Int64])) }
  }
}
