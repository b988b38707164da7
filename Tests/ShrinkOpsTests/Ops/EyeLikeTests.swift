import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct EyeLikeTests {
  @Test func marksADiagonal() throws {
    let x = Tensor.counting([2, 3])
    #expect(try result("EyeLike", [:], x).floats == [1, 0, 0, 0, 1, 0])
    #expect(try result("EyeLike", ["k": .int(2)], x).floats == [0, 0, 1, 0, 0, 0])
    #expect(try result("EyeLike", ["k": .int(-1)], x).floats == [0, 0, 0, 1, 0, 0])
    for k in [.min, -2, 3, .max] as [Int64] {
      #expect(try result("EyeLike", ["k": .int(k)], x).floats == [0, 0, 0, 0, 0, 0])
    }
    #expect(try result("EyeLike", [:], Tensor(shape: [0, 3], [] as [Float])).shape == [0, 3])
  }

  @Test(arguments: [DType.float16, .bfloat16, .float64, .int8, .uint64, .bool])
  func givesAnotherType(_ dtype: DType) throws {
    let y = try result("EyeLike", ["dtype": .int(Int64(dtype.rawValue))], Tensor.counting([2, 2]))
    #expect(y.dtype == dtype)
    #expect(y.numbers == [1, 0, 0, 1])
  }

  @Test func refusesWhatIsNoMatrix() {
    #expect(throws: OperatorError.self) { try result("EyeLike", [:], Tensor.counting([2])) }
    #expect(throws: OperatorError.self) { try result("EyeLike", ["dtype": .int(99)], Tensor.counting([2, 2])) }
    #expect(throws: OperatorError.self) { try result("EyeLike", ["dtype": .int(8)], Tensor.counting([2, 2])) }
  }
}
