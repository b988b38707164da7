import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct TopKTests {
  private let x = Tensor(shape: [2, 4], [3, 1, 3, 2, -1, .infinity, 0, 7] as [Float])

  @Test func obeysTheLaws() throws {
    try checkLaws("TopK", outputs: 2, operands: [.random([3, 4]), .tensor(.integers(2))], constants: [1])
  }

  @Test func selectsTheGreatest() throws {
    let y = try results("TopK", outputs: 2, [:], x, .integers(3))
    #expect(y[0] == Tensor(shape: [2, 3], [3, 3, 2, .infinity, 7, 0] as [Float]))
    #expect(y[1] == Tensor(shape: [2, 3], [0, 2, 3, 1, 3, 2] as [Int64]))
  }

  @Test func selectsTheSmallestAlongAnAxis() throws {
    let y = try results("TopK", outputs: 2, ["largest": .int(0), "axis": .int(0)], x, .integers(1))
    #expect(y[0].floats == [-1, 1, 0, 2])
    #expect(y[1].elements() as [Int64] == [1, 0, 1, 0])
  }

  @Test func takesItsNumberFromAnAttribute() throws {
    #expect(try results("TopK", opset: 1, outputs: 2, ["k": .int(1)], x)[1].elements() as [Int64] == [0, 1])
  }

  /// More elements than are sorted at a time.
  @Test func selectsFromLongLines() throws {
    let numbers = (0..<1000).map { Int64($0 * 7919 % 1000) }
    let y = try results("TopK", outputs: 2, [:], Tensor(shape: [1000], numbers), .integers(5))
    #expect(y[0] == .integers(999, 998, 997, 996, 995))
    #expect((y[1].elements() as [Int64]).map { numbers[Int($0)] } == [999, 998, 997, 996, 995])
  }

  @Test func ordersWhatIsNotANumber() throws {
    let x = Tensor(shape: [3], [1, .nan, 2] as [Float])
    #expect(try results("TopK", outputs: 2, [:], x, .integers(3))[1] == .integers(1, 2, 0))
    #expect(try results("TopK", outputs: 2, ["largest": .int(0)], x, .integers(3))[1] == .integers(0, 2, 1))
  }

  @Test func selectsNothing() throws {
    #expect(try results("TopK", outputs: 2, [:], x, .integers(0)).map(\.shape) == [[2, 0], [2, 0]])
    #expect(
      try results("TopK", outputs: 2, [:], Tensor.counting([0, 4]), .integers(2)).map(\.shape) == [[0, 2], [0, 2]])
  }

  @Test func refusesWhatDoesNotFit() {
    for k in [-1, 5, Int64.max] {
      #expect(throws: OperatorError.self) { try results("TopK", outputs: 2, [:], x, .integers(k)) }
    }
    #expect(throws: OperatorError.self) { try results("TopK", outputs: 2, [:], x, .integers(1, 1)) }
    #expect(throws: OperatorError.self) { try results("TopK", outputs: 2, [:], Tensor(Float(1)), .integers(1)) }
    #expect(throws: OperatorError.self) { try NodeCase("TopK", outputs: 2, operands: [x, .integers(1)]).infer() }
  }
}
