import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GatherNDTests {
  @Test func obeysTheLaws() throws {
    let places = Tensor(shape: [3, 1], [1, 0, -1] as [Int64])
    try checkLaws("GatherND", operands: [.random([2, 4, 3]), .tensor(places)], constants: [1])
  }

  @Test func takesElementsAndSlices() throws {
    let x = Tensor.counting([2, 3, 2])
    let elements = try result("GatherND", [:], x, Tensor(shape: [2, 3], [0, 1, 1, -1, -1, 0] as [Int64]))
    #expect(elements == Tensor(shape: [2], [3, 10] as [Float]))
    let slices = try result("GatherND", [:], x, Tensor(shape: [1, 2], [1, 0] as [Int32]))
    #expect(slices == Tensor(shape: [1, 2], [6, 7] as [Float]))
  }

  @Test func takesFromEachBatch() throws {
    let y = try result(
      "GatherND", ["batch_dims": .int(1)], Tensor.counting([2, 3]), Tensor(shape: [2, 1], [2, 0] as [Int64]))
    #expect(y == Tensor(shape: [2], [2, 3] as [Float]))
  }

  @Test func takesNothing() throws {
    let y = try result("GatherND", [:], Tensor.counting([2, 3]), Tensor(shape: [0, 1], [] as [Int64]))
    #expect(y.shape == [0, 3])
  }

  @Test func refusesWhatIsNotThere() {
    let x = Tensor.counting([2, 3])
    for place in [2, -3, .min, .max] as [Int64] {
      #expect(throws: OperatorError.self) { try result("GatherND", [:], x, Tensor(shape: [1, 1], [place])) }
    }
    #expect(throws: OperatorError.self) { try result("GatherND", [:], x, Tensor(Int64(0))) }
    #expect(throws: OperatorError.self) { try result("GatherND", [:], x, Tensor.integers(0, 0, 0)) }
    #expect(throws: OperatorError.self) {
      try result("GatherND", ["batch_dims": .int(.max)], x, Tensor.integers(0))
    }
  }
}
