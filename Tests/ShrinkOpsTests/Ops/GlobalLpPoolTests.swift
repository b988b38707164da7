import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GlobalLpPoolTests {
  @Test func obeysTheLaws() throws { try checkLaws("GlobalLpPool", operands: [.random([2, 3, 4, 5])]) }

  @Test func takesNorms() throws {
    let x = Tensor(shape: [1, 2, 2], [3, -4, 6, 8] as [Float])
    #expect(try result("GlobalLpPool", [:], x).floats == [5, 10])
    #expect(try result("GlobalLpPool", ["p": .int(1)], x).floats == [7, 14])
    #expect(try result("GlobalLpPool", opset: 1, ["p": .float(1)], x).shape == [1, 2, 1])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("GlobalLpPool", ["p": .int(-1)], Tensor.counting([1, 2, 3])) }
    #expect(throws: OperatorError.self) { try result("GlobalLpPool", [:], Tensor.counting([3])) }
    #expect(throws: OperatorError.self) { try result("GlobalLpPool", [:], Tensor(shape: [1, 1, 1], [1] as [Int32])) }
  }
}
