import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ScatterNDTests {
  private let x = Tensor.counting([3, 2])
  private let rows = Tensor(shape: [2, 1], [2, -3] as [Int64])
  private let updates = Tensor(shape: [2, 2], [10, 20, 30, 40] as [Float])

  @Test func obeysTheLaws() throws {
    try checkLaws("ScatterND", operands: [.random([3, 2, 2]), .tensor(rows), .random([2, 2, 2])], constants: [1])
  }

  @Test func putsSlices() throws {
    #expect(try result("ScatterND", [:], x, rows, updates).floats == [30, 40, 2, 3, 10, 20])
    #expect(try result("ScatterND", [:], x, .integers(1, 0), Tensor(Float(9))).floats == [0, 1, 9, 3, 4, 5])
    let none = try result("ScatterND", [:], x, Tensor(shape: [0, 1], [] as [Int64]), Tensor.counting([0, 2]))
    #expect(none.floats == x.floats)
  }

  @Test(
    arguments: [("add", [13, 24]), ("mul", [20, 0]), ("max", [10, 20]), ("min", [1, 0])] as [(String, [Float])])
  func joins(_ reduction: String, _ wanted: [Float]) throws {
    let data = Tensor(shape: [1, 2], [1, 4] as [Float])
    let twice = Tensor(shape: [2, 1], [0, 0] as [Int64])
    let y = try result(
      "ScatterND", opset: 18, ["reduction": .string(Array(reduction.utf8))], data, twice,
      Tensor(shape: [2, 2], [10, 20, 2, 0] as [Float]))
    #expect(y.floats == wanted)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("ScatterND", [:], x, rows, x) }
    #expect(throws: OperatorError.self) { try result("ScatterND", [:], x, .integers(3), Tensor.counting([2])) }
    #expect(throws: OperatorError.self) { try result("ScatterND", [:], x, .integers(0, 0, 0), Tensor(Float(0))) }
    #expect(throws: OperatorError.self) { try result("ScatterND", [:], x, Tensor(Int64(0)), Tensor(Float(0))) }
    #expect(throws: OperatorError.self) {
      try result("ScatterND", [:], x, rows, Tensor(shape: [2, 2], [1, 2, 3, 4] as [Int64]))
    }
  }
}
