import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GatherTests {
  @Test(arguments: [Tensor.integers(0, 2), Tensor(Int64(1)), Tensor(shape: [2, 2], [0, 1, -1, 2] as [Int64])])
  func obeysTheLaws(_ indices: Tensor) throws {
    try checkLaws("Gather", ["axis": .int(1)], operands: [.random([2, 3, 4]), .tensor(indices)], constants: [1])
  }

  @Test func takesSlices() throws {
    let x = Tensor.counting([2, 3])
    #expect(try result("Gather", ["axis": .int(1)], x, .integers(-1, 0)).floats == [2, 0, 5, 3])
    #expect(try result("Gather", [:], x, Tensor(Int32(1))).floats == [3, 4, 5])
    #expect(try result("Gather", [:], x, .integers()).shape == [0, 3])
  }

  @Test func refusesIndicesBeyond() {
    #expect(throws: OperatorError.self) { try result("Gather", [:], Tensor.counting([2]), .integers(2)) }
    #expect(throws: OperatorError.self) { try result("Gather", [:], Tensor.counting([2]), .integers(-3)) }
    #expect(throws: OperatorError.self) { try result("Gather", ["axis": .int(1)], Tensor.counting([2]), .integers(0)) }
    #expect(throws: OperatorError.self) { try result("Gather", [:], Tensor.counting([2]), Tensor(Float(0))) }
  }
}
