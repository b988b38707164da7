import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct CenterCropPadTests {
  @Test func obeysTheLaws() throws {
    try checkLaws(
      "CenterCropPad", opset: 18, ["axes": .ints([-1, 1])],
      operands: [.random([2, 3, 4]), .tensor(.integers(7, 2))], constants: [1])
  }

  @Test func cutsAndPads() throws {
    let x = Tensor(shape: [5], [1, 2, 3, 4, 5] as [Int16])
    let y = { (length: Int64) in try result("CenterCropPad", opset: 18, [:], x, .integers(length)).elements(Int16.self)
    }
    #expect(try y(3) == [2, 3, 4])
    #expect(try y(2) == [2, 3])
    #expect(try y(5) == [1, 2, 3, 4, 5])
    #expect(try y(8) == [0, 1, 2, 3, 4, 5, 0, 0])
    #expect(try y(0).isEmpty)
  }

  @Test func makesNothingAlongHugeAxes() throws {
    let y = try result("CenterCropPad", opset: 18, [:], .counting([2, 3]), .integers(0, 1 << 40))
    #expect(y.shape == [0, 1 << 40])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 3])
    #expect(throws: OperatorError.self) { try result("CenterCropPad", opset: 18, [:], x, .integers(2)) }
    #expect(throws: OperatorError.self) { try result("CenterCropPad", opset: 18, [:], x, .integers(2, -1)) }
    #expect(throws: OperatorError.self) { try result("CenterCropPad", opset: 18, [:], x, .integers(.max, 2)) }
    #expect(throws: OperatorError.self) {
      try result("CenterCropPad", opset: 18, ["axes": .ints([2])], x, .integers(2))
    }
  }
}
