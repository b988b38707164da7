import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct EyeLikeTests {
  private let x = Tensor.counting([2, 3])

  @Test func pinsEveryAxis() throws { try checkLaws("EyeLike", operands: [.random([2, 3])], removesSomething: false) }

  @Test func putsOnesOnADiagonal() throws {
    #expect(try result("EyeLike", [:], x).floats == [1, 0, 0, 0, 1, 0])
    #expect(try result("EyeLike", ["k": .int(2)], x).floats == [0, 0, 1, 0, 0, 0])
    #expect(try result("EyeLike", ["k": .int(-1)], x).floats == [0, 0, 0, 1, 0, 0])
    for k in [Int64.min, -2, 3, .max] {
      #expect(try result("EyeLike", ["k": .int(k)], x).floats.allSatisfy { $0 == 0 })
    }
    #expect(try result("EyeLike", [:], Tensor.counting([2, 0])).shape == [2, 0])
  }

  @Test func takesTheTypeThatIsAskedFor() throws {
    let ones = try result("EyeLike", ["dtype": .int(7)], x)
    #expect(ones.elements() as [Int64] == [1, 0, 0, 0, 1, 0])
    #expect(try result("EyeLike", ["dtype": .int(10)], x).numbers == [1, 0, 0, 0, 1, 0])
    #expect(
      try result("EyeLike", ["dtype": .int(9)], x).elements() as [Bool] == [true, false, false, false, true, false])
  }

  @Test func refusesWhatIsNoMatrix() {
    #expect(throws: OperatorError.self) { try result("EyeLike", [:], Tensor.counting([2])) }
    #expect(throws: OperatorError.self) { try result("EyeLike", ["dtype": .int(99)], x) }
    #expect(throws: OperatorError.self) { try result("EyeLike", ["dtype": .int(8)], x) }
  }
}
