import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GatherNDTests {
  private let x = Tensor.counting([2, 2, 2])

  @Test(arguments: [Tensor(shape: [3, 1], [0, 1, -1] as [Int64]), Tensor(shape: [2, 2], [0, 1, 1, 0] as [Int64])])
  func obeysTheLaws(_ indices: Tensor) throws {
    try checkLaws("GatherND", operands: [.random([2, 3, 4]), .tensor(indices)], constants: [1])
  }

  @Test func takesSlices() throws {
    let rows = try result("GatherND", [:], x, Tensor(shape: [2, 1], [1, -2] as [Int64]))
    #expect(rows == Tensor(shape: [2, 2, 2], [4, 5, 6, 7, 0, 1, 2, 3] as [Float]))
    #expect(try result("GatherND", [:], x, .integers(0, 1, 1)) == Tensor(Float(3)))
    #expect(try result("GatherND", [:], x, Tensor(shape: [0, 2], [] as [Int64])).shape == [0, 2])
  }

  @Test func sharesBatchAxes() throws {
    let y = try result("GatherND", ["batch_dims": .int(1)], x, Tensor(shape: [2, 1], [1, 0] as [Int64]))
    #expect(y == Tensor(shape: [2, 2], [2, 3, 4, 5] as [Float]))
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("GatherND", [:], x, .integers(2)) }
    #expect(throws: OperatorError.self) { try result("GatherND", [:], x, .integers(0, 0, 0, 0)) }
    #expect(throws: OperatorError.self) { try result("GatherND", [:], x, Tensor(Int64(0))) }
    #expect(throws: OperatorError.self) { try result("GatherND", [:], x, .integers()) }
    for batch in [-1, 1, 2, Int64.max] {
      #expect(throws: OperatorError.self) { try result("GatherND", ["batch_dims": .int(batch)], x, .integers(0)) }
    }
  }
}
