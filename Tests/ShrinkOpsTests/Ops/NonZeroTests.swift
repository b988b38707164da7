import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct NonZeroTests {
  @Test func findsPlaces() throws {
    let y = try result("NonZero", [:], Tensor(shape: [2, 2], [1, 0, -2, .nan] as [Float]))
    #expect(y == Tensor(shape: [2, 3], [0, 1, 1, 0, 0, 1] as [Int64]))
    #expect(try result("NonZero", [:], Tensor(shape: [3], [true, false, true])).elements(Int64.self) == [0, 2])
  }

  @Test func findsNothing() throws {
    #expect(try result("NonZero", [:], Tensor(shape: [2, 0], [] as [Float])).shape == [2, 0])
    #expect(try result("NonZero", [:], Tensor(shape: [2, 3], repeating: Int64(0))).shape == [2, 0])
  }

  @Test func givesNoRowForAScalar() throws {
    #expect(try result("NonZero", [:], Tensor(Float(2))).shape == [0, 1])
    #expect(try result("NonZero", [:], Tensor(Float(0))).shape == [0, 0])
  }

  @Test func itsShapeDependsOnData() {
    let node = NodeCase("NonZero", operands: [Tensor.counting([3])])
    #expect(#expect(throws: OperatorError.self) { try node.infer() } == .shapeDependsOnData)
  }
}
