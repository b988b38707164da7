import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ExpandTests {
  @Test(arguments: [[2, 4, 3], [4, 3], [1, 1], [2, 1, 1]] as [[Int64]])
  func obeysTheLaws(_ target: [Int64]) throws {
    try checkLaws(
      "Expand", operands: [.random([4, 3]), .tensor(Tensor(shape: [target.count], target))], constants: [1])
  }

  @Test func repetitionsGoOneByOne() throws {
    try checkLaws("Expand", operands: [.random([1, 1]), .tensor(.integers(3, 2))], constants: [1])
  }

  @Test func repeats() throws {
    let y = try result("Expand", [:], Tensor.counting([2, 1]), .integers(2, 1, 3))
    #expect(y.shape == [2, 2, 3])
    #expect(y.floats == [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1])
    #expect(try result("Expand", [:], Tensor.counting([2, 1]), .integers(0)).shape == [2, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("Expand", [:], Tensor.counting([2]), .integers(3)) }
    #expect(throws: OperatorError.self) { try result("Expand", [:], Tensor.counting([1]), .integers(1 << 62, 4)) }
    #expect(throws: OperatorError.self) { try result("Expand", [:], Tensor.counting([1]), .integers(-1)) }
  }
}
