import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct IdentityTests {
  @Test func obeysTheLaws() throws { try checkLaws("Identity", operands: [.random([2, 3])]) }

  @Test func sharesStorage() throws {
    let x = Tensor.counting([2])
    #expect(try result("Identity", [:], x).storage === x.storage)
  }
}
