import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct AffineGridTests {
  private let identity = Tensor(shape: [1, 2, 3], [1, 0, 0, 0, 1, 0] as [Float])

  @Test func obeysTheLaws() throws {
    try checkLaws(
      "AffineGrid", opset: 20, operands: [.random([2, 2, 3]), .tensor(.integers(2, 3, 4, 5))], constants: [1],
      removesSomething: false)
    try checkLaws(
      "AffineGrid", opset: 20, ["align_corners": .int(1)],
      operands: [.random([2, 3, 4]), .tensor(.integers(2, 3, 4, 5, 2))], constants: [1], removesSomething: false)
  }

  @Test func mapsPlaces() throws {
    #expect(
      try result("AffineGrid", opset: 20, [:], identity, .integers(1, 1, 2, 2)).floats
        == [-0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5])
    #expect(
      try result("AffineGrid", opset: 20, ["align_corners": .int(1)], identity, .integers(1, 1, 1, 3)).floats
        == [-1, 0, 0, 0, 1, 0])
    let turned = Tensor(shape: [1, 2, 3], [0, 1, 0, 2, 0, 1] as [Float])
    #expect(
      try result("AffineGrid", opset: 20, ["align_corners": .int(1)], turned, .integers(1, 1, 2, 2)).floats
        == [-1, -1, -1, 3, 1, -1, 1, 3])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("AffineGrid", opset: 20, [:], identity, .integers(1, 1, 2)) }
    #expect(throws: OperatorError.self) { try result("AffineGrid", opset: 20, [:], identity, .integers(2, 1, 2, 2)) }
    #expect(throws: OperatorError.self) { try result("AffineGrid", opset: 20, [:], identity, .integers(1, 1, -2, 2)) }
    #expect(throws: OperatorError.self) {
      try result("AffineGrid", opset: 20, [:], identity, .integers(1, 1, .max, .max))
    }
  }
}
