import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct TopKTests {
  private let x = Tensor(shape: [2, 4], [1, 3, 3, 2, 8, 5, 6, 7] as [Float])

  @Test func obeysTheLaws() throws {
    try checkLaws(
      "TopK", outputs: 2, operands: [.random([3, 5]), .tensor(.integers(2))], constants: [1])
    try checkLaws("TopK", opset: 9, outputs: 2, ["k": .int(2), "axis": .int(0)], operands: [.random([3, 5])])
  }

  @Test func takesTheGreatest() throws {
    let found = try results("TopK", outputs: 2, [:], x, .integers(2))
    #expect(found[0].floats == [3, 3, 8, 7])
    #expect(found[1] == Tensor(shape: [2, 2], [1, 2, 0, 3] as [Int64]))
  }

  @Test func takesTheSmallest() throws {
    let found = try results("TopK", outputs: 2, ["largest": .int(0), "axis": .int(0)], x, .integers(1))
    #expect(found[0].floats == [1, 3, 3, 2])
    #expect(found[1] == Tensor(shape: [1, 4], [0, 0, 0, 0] as [Int64]))
  }

  @Test func ordersLongLines() throws {
    let values = (0..<1000).map { Int32($0 * 7919 % 1000) }
    let found = try results("TopK", outputs: 2, [:], Tensor(shape: [1000], values), .integers(5))
    #expect(found[0].elements(Int32.self) == [999, 998, 997, 996, 995])
    #expect(found[1].elements(Int64.self).map { values[Int($0)] } == [999, 998, 997, 996, 995])
  }

  @Test func countsWhatIsNoNumberAsGreatest() throws {
    let found = try results("TopK", outputs: 2, [:], Tensor(shape: [3], [1, .nan, .infinity] as [Float]), .integers(2))
    #expect(found[1].elements(Int64.self) == [1, 2])
  }

  @Test func takesNone() throws {
    #expect(try results("TopK", outputs: 2, [:], x, .integers(0)).map(\.shape) == [[2, 0], [2, 0]])
  }

  @Test func refusesMoreThanThereAre() {
    for k in [5, -1, .max, .min] as [Int64] {
      #expect(throws: OperatorError.self) { try results("TopK", outputs: 2, [:], x, .integers(k)) }
      #expect(throws: OperatorError.self) { try results("TopK", opset: 1, outputs: 2, ["k": .int(k)], x) }
    }
    #expect(throws: OperatorError.self) { try results("TopK", opset: 1, outputs: 2, [:], x) }
    #expect(throws: OperatorError.self) { try results("TopK", outputs: 2, [:], Tensor(Float(1)), .integers(1)) }
    #expect(throws: OperatorError.self) { try results("TopK", outputs: 2, [:], x, .integers(1, 1)) }
  }
}
