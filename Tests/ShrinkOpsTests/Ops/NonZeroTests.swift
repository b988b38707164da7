import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct NonZeroTests {
  @Test func findsPlaces() throws {
    let x = Tensor(shape: [2, 3], [0, 1, -0.0, .nan, 0, 2] as [Float])
    #expect(try result("NonZero", [:], x) == Tensor(shape: [2, 3], [0, 1, 1, 1, 0, 2] as [Int64]))
    #expect(
      try result("NonZero", [:], Tensor(shape: [3], [true, false, true])) == Tensor(shape: [1, 2], [0, 2] as [Int64]))
    #expect(try result("NonZero", [:], Tensor.counting([0, 2])).shape == [2, 0])
  }

  @Test func givesAScalarNoAxis() throws {
    #expect(try result("NonZero", [:], Tensor(Float(5))).shape == [0, 1])
    #expect(try result("NonZero", [:], Tensor(Float(0))).shape == [0, 0])
  }

  @Test func cannotTellTheShapeBefore() {
    #expect(throws: OperatorError.shapeDependsOnData) { try NodeCase("NonZero", operands: [.counting([2])]).infer() }
  }
}
