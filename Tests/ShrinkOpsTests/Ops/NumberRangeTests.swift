import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct NumberRangeTests {
  @Test func counts() throws {
    #expect(try result("Range", [:], Tensor(Int64(1)), Tensor(Int64(6)), Tensor(Int64(2))) == .integers(1, 3, 5))
    #expect(try result("Range", [:], Tensor(Int64(5)), Tensor(Int64(0)), Tensor(Int64(-2))) == .integers(5, 3, 1))
    #expect(try result("Range", [:], Tensor(Int64(5)), Tensor(Int64(0)), Tensor(Int64(2))).shape == [0])
    let floats = try result("Range", [:], Tensor(Float(1)), Tensor(Float(2)), Tensor(Float(0.4)))
    #expect(floats.difference(from: Tensor(shape: [3], [1, 1.4, 1.8] as [Float])) == nil)
  }

  @Test func refusesWhatHasNoEnd() {
    #expect(throws: OperatorError.self) {
      try result("Range", [:], Tensor(Int64(1)), Tensor(Int64(6)), Tensor(Int64(0)))
    }
    #expect(throws: OperatorError.self) {
      try result("Range", [:], Tensor(Float(1)), Tensor(Float(6)), Tensor(Float(0)))
    }
    #expect(throws: OperatorError.self) {
      try result("Range", [:], Tensor(Int64.min), Tensor(Int64.max), Tensor(Int64(1)))
    }
    #expect(throws: OperatorError.self) {
      try result("Range", [:], Tensor(Float(0)), Tensor(Float.nan), Tensor(Float(1)))
    }
    #expect(throws: OperatorError.self) {
      try result("Range", [:], Tensor(Float(0)), Tensor(Float.infinity), Tensor(Float(1)))
    }
  }
}
