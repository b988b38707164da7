import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct SizeTests {
  @Test func namesNothing() throws { try checkLaws("Size", operands: [.random([2, 3])], removesSomething: false) }

  @Test(arguments: [([2, 3], 6), ([], 1), ([0, 4], 0)] as [([Int], Int64)])
  func counts(_ shape: [Int], _ wanted: Int64) throws {
    #expect(try result("Size", [:], Tensor.counting(shape)) == Tensor(wanted))
  }
}
