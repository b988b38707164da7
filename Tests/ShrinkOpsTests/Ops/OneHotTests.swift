import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct OneHotTests {
  private let values = Tensor(shape: [2], [0, 5] as [Float])

  @Test func putsTheValueAtTheIndex() throws {
    let y = try result("OneHot", [:], .integers(0, 2, -1, 3, -4), Tensor(Int64(3)), values)
    #expect(y == Tensor(shape: [5, 3], [5, 0, 0, 0, 0, 5, 0, 0, 5, 0, 0, 0, 0, 0, 0] as [Float]))
  }

  @Test func insertsTheAxis() throws {
    let indices = Tensor(shape: [2], [1, 0] as [Float])
    let y = try result("OneHot", ["axis": .int(0)], indices, Tensor(shape: [1], [3] as [Float]), .integers(7, 9))
    #expect(y == Tensor(shape: [3, 2], [7, 9, 9, 7, 7, 7] as [Int64]))
    #expect(try result("OneHot", [:], Tensor(Int32(1)), Tensor(Int64(2)), values).floats == [0, 5])
    #expect(try result("OneHot", [:], .integers(1), Tensor(Int64(0)), values).shape == [1, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    for depth in [-1, Int64.max] {
      #expect(throws: OperatorError.self) { try result("OneHot", [:], .integers(0, 1), Tensor(depth), values) }
    }
    #expect(throws: OperatorError.self) { try result("OneHot", [:], .integers(0), Tensor(Int64(2)), .integers(1)) }
    #expect(throws: OperatorError.self) {
      try result("OneHot", ["axis": .int(2)], .integers(0), Tensor(Int64(2)), values)
    }
  }
}
