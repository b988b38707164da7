import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct TensorScatterTests {
  private let cache = Tensor.counting([2, 2, 3]), update = Tensor(shape: [2, 2, 2], (1...8).map { -Float($0) })
  private let circular: [String: Attribute.Value] = ["axis": .int(-1), "mode": .string(Array("circular".utf8))]

  @Test func obeysTheLaws() throws {
    try checkLaws(
      "TensorScatter", opset: 24, circular,
      operands: [.random([2, 3, 5]), .random([2, 3, 4]), .tensor(.integers(4, -1))], removesSomething: false)
  }

  @Test func writesFromAPlaceOn() throws {
    let linear = try result("TensorScatter", opset: 24, ["axis": .int(2)], cache, update, .integers(1, 0))
    #expect(linear.floats == [0, -1, -2, 3, -3, -4, -5, -6, 8, -7, -8, 11])
    let around = try result("TensorScatter", opset: 24, circular, cache, update, .integers(2, 4))
    #expect(around.floats == [-2, 1, -1, -4, 4, -3, 6, -5, -6, 9, -7, -8])
    let first = try result("TensorScatter", opset: 24, cache, .counting([2, 1, 3]))
    #expect(first.floats == [0, 1, 2, 3, 4, 5, 3, 4, 5, 9, 10, 11])
  }

  @Test func refusesWhatDoesNotFit() {
    let refuses = { (attributes: [String: Attribute.Value], operands: [Tensor?]) -> Void in
      #expect(throws: OperatorError.self) {
        try NodeCase("TensorScatter", opset: 24, attributes, operands: operands).run()
      }
    }
    refuses(["axis": .int(2)], [cache, update, .integers(2, 0)])
    refuses(["axis": .int(2)], [cache, update, .integers(-1, 0)])
    refuses(["axis": .int(0)], [cache, cache])
    refuses(["axis": .int(2)], [cache, .counting([2, 2, 4])])
    refuses(["axis": .int(2)], [cache, update, .integers(0)])
    refuses(["mode": .string(Array("wild".utf8))], [cache, cache])
    refuses([:], [cache, Tensor(shape: [2, 2, 3], repeating: 1.0)])
  }
}
