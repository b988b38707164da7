import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct NotTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("Not", operands: [.tensor(Tensor(shape: [2, 2], [true, false, false, true]))])
  }

  @Test func negates() throws {
    #expect(try result("Not", [:], Tensor(shape: [2], [true, false])).elements() == [false, true])
  }

  @Test func refusesNumbers() { #expect(throws: OperatorError.self) { try result("Not", [:], Tensor(Float(1))) } }
}
