import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct FloatTestTests {
  private let x = Tensor(shape: [4], [1, .nan, .infinity, -.infinity] as [Float])

  @Test(arguments: FloatTest.names)
  func obeysTheLaws(_ name: String) throws { try checkLaws(name, operands: [.random([2, 3])]) }

  @Test func findsWhatIsNotANumber() throws {
    #expect(try result("IsNaN", [:], x).elements() == [false, true, false, false])
  }

  @Test func findsInfinitiesOfEitherSign() throws {
    #expect(try result("IsInf", [:], x).elements() == [false, false, true, true])
    #expect(try result("IsInf", ["detect_negative": .int(0)], x).elements() == [false, false, true, false])
  }
}
