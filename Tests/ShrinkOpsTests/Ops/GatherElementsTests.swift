import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GatherElementsTests {
  @Test func pinsEveryAxis() throws {
    try checkLaws(
      "GatherElements", operands: [.random([2, 3]), .tensor(Tensor(shape: [1, 3], [0, 1, 0] as [Int64]))],
      removesSomething: false)
  }

  @Test func takesElements() throws {
    let x = Tensor.counting([3, 3])
    let y = try result("GatherElements", [:], x, Tensor(shape: [2, 3], [1, -1, 0, 2, 0, 0] as [Int64]))
    #expect(y.floats == [3, 7, 2, 6, 1, 2])
    let z = try result("GatherElements", ["axis": .int(1)], x, Tensor(shape: [2, 1], [2, 0] as [Int64]))
    #expect(z.floats == [2, 3])
  }

  @Test func refusesIndicesBeyond() {
    #expect(throws: OperatorError.self) { try result("GatherElements", [:], Tensor.counting([2]), .integers(2)) }
    #expect(throws: OperatorError.self) {
      try result("GatherElements", [:], Tensor.counting([2, 1]), Tensor(shape: [1, 2], [0, 0] as [Int64]))
    }
  }
}
