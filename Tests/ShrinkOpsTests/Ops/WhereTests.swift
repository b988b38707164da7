import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct WhereTests {
  private let condition = Tensor(shape: [2, 1], [true, false])

  @Test func obeysTheLaws() throws {
    try checkLaws("Where", operands: [.tensor(condition), .random([2, 3]), .random([3])])
  }

  @Test func chooses() throws {
    let y = try result("Where", [:], condition, Tensor.counting([3]), Tensor(Float(9)))
    #expect(y.shape == [2, 3])
    #expect(y.floats == [0, 1, 2, 9, 9, 9])
    let bytes = try result("Where", [:], condition, Tensor(UInt8(1)), Tensor(UInt8(2)))
    #expect(bytes.elements() as [UInt8] == [1, 2])
    #expect(try result("Where", [:], condition, Tensor.integers(1), .integers(2)).elements() as [Int64] == [1, 2])
  }

  @Test func refusesOperandsOfTwoTypes() {
    #expect(throws: OperatorError.self) { try result("Where", [:], condition, Tensor(Float(1)), Tensor(Int64(2))) }
  }
}
