import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct Col2ImTests {
  @Test func obeysTheLaws() throws {
    try checkLaws(
      "Col2Im", opset: 18, operands: [.random([2, 12, 6]), .tensor(.integers(3, 4)), .tensor(.integers(2, 2))],
      constants: [1, 2], removesSomething: false)
  }

  @Test func addsWhereBlocksOverlap() throws {
    let x = Tensor(shape: [1, 2, 3], [1, 2, 3, 10, 20, 30] as [Float])
    #expect(try result("Col2Im", opset: 18, [:], x, .integers(4), .integers(2)).floats == [1, 12, 23, 30])
    #expect(
      try result("Col2Im", opset: 18, ["pads": .ints([1, 1])], x, .integers(2), .integers(2)).floats == [12, 23])
    let whole = Tensor(shape: [1, 2, 1], [7, -7] as [Int32])
    #expect(
      try result("Col2Im", opset: 18, ["dilations": .ints([2])], whole, .integers(3), .integers(2))
        == Tensor(shape: [1, 1, 3], [7, 0, -7] as [Int32]))
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([1, 2, 3])
    #expect(throws: OperatorError.self) { try result("Col2Im", opset: 18, [:], x, .integers(5), .integers(2)) }
    #expect(throws: OperatorError.self) { try result("Col2Im", opset: 18, [:], x, .integers(5), .integers(3)) }
    #expect(throws: OperatorError.self) { try result("Col2Im", opset: 18, [:], x, .integers(4, 4), .integers(2)) }
    #expect(throws: OperatorError.self) { try result("Col2Im", opset: 18, [:], x, .integers(4), .integers(0)) }
    #expect(throws: OperatorError.self) { try result("Col2Im", opset: 18, [:], x, .integers(.max), .integers(2)) }
  }
}
