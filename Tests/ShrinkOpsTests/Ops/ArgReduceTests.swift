import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ArgReduceTests {
  private let x = Tensor(shape: [2, 3], [1, 5, 5, 2, 0, 0] as [Float])

  @Test(arguments: [0, 1] as [Int64])
  func obeysTheLaws(_ keeps: Int64) throws {
    try checkLaws("ArgMax", ["axis": .int(1), "keepdims": .int(keeps)], operands: [.random([2, 4, 3])])
    try checkLaws("ArgMin", ["axis": .int(-1), "keepdims": .int(keeps)], operands: [.random([2, 4, 3])])
  }

  @Test func findsTheFirstOrTheLast() throws {
    let axis: [String: Attribute.Value] = ["axis": .int(1), "keepdims": .int(0)]
    #expect(try result("ArgMax", axis, x) == .integers(1, 0))
    #expect(try result("ArgMin", axis, x) == .integers(0, 1))
    let last = axis.merging(["select_last_index": .int(1)]) { $1 }
    #expect(try result("ArgMax", last, x) == .integers(2, 0))
    #expect(try result("ArgMax", [:], x) == Tensor(shape: [1, 3], [1, 0, 0] as [Int64]))
    #expect(try result("ArgMax", [:], Tensor(shape: [2], [3, 200] as [UInt8])) == .integers(1))
  }

  @Test func refusesWhatHasNoElements() {
    #expect(throws: OperatorError.self) { try result("ArgMax", [:], Tensor.counting([0, 2])) }
    #expect(throws: OperatorError.self) { try result("ArgMax", [:], Tensor(Float(1))) }
  }
}
