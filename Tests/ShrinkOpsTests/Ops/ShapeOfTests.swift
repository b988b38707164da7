import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ShapeOfTests {
  private let x = Tensor.counting([2, 3, 4])

  @Test func namesNothing() throws { try checkLaws("Shape", operands: [.random([2, 3])], removesSomething: false) }

  @Test func givesSizes() throws {
    #expect(try result("Shape", [:], x) == .integers(2, 3, 4))
    #expect(try result("Shape", ["start": .int(1)], x) == .integers(3, 4))
    #expect(try result("Shape", ["start": .int(-9), "end": .int(-1)], x) == .integers(2, 3))
    #expect(try result("Shape", ["start": .int(2), "end": .int(1)], x).shape == [0])
    #expect(try result("Shape", [:], Tensor(Float(0))).shape == [0])
  }

  @Test func isKnownBeforeTheNetworkRuns() throws {
    #expect(try NodeCase("Shape", operands: [x]).infer()[0].constant == .integers(2, 3, 4))
  }
}
