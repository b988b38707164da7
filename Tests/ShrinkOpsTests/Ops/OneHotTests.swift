import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct OneHotTests {
  private let values = Tensor.integers(5, 9)

  @Test func pinsEveryAxis() throws {
    try checkLaws(
      "OneHot", operands: [.tensor(.integers(0, 2)), .tensor(.integers(3)), .tensor(values)], constants: [1],
      removesSomething: false)
  }

  @Test func marksIndices() throws {
    let y = try result("OneHot", [:], .integers(0, -1, 3, -4), .integers(3), values)
    #expect(y == Tensor(shape: [4, 3], [9, 5, 5, 5, 5, 9, 5, 5, 5, 5, 5, 5] as [Int64]))
    let front = try result("OneHot", ["axis": .int(0)], .integers(1, 0), Tensor(Float(2)), values)
    #expect(front == Tensor(shape: [2, 2], [5, 9, 9, 5] as [Int64]))
    let flags = try result("OneHot", [:], Tensor(Float(1)), Tensor(Int32(2)), Tensor(shape: [2], [false, true]))
    #expect(flags == Tensor(shape: [2], [false, true]))
  }

  @Test func marksNothingWithoutDepth() throws {
    #expect(try result("OneHot", [:], .integers(0, 1), .integers(0), values).shape == [2, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    for depth in [-1, .min, .max] as [Int64] {
      #expect(throws: OperatorError.self) { try result("OneHot", [:], .integers(0, 1), .integers(depth), values) }
    }
    #expect(throws: OperatorError.self) { try result("OneHot", [:], .integers(0), .integers(1, 2), values) }
    #expect(throws: OperatorError.self) { try result("OneHot", [:], .integers(0), .integers(1), .integers(1)) }
    #expect(throws: OperatorError.self) { try result("OneHot", ["axis": .int(2)], .integers(0), .integers(1), values) }
  }
}
