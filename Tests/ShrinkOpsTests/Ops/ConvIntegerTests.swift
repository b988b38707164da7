import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct ConvIntegerTests {
  private let x = Tensor(shape: [1, 2, 3], [1, 2, 3, 4, 5, 6] as [UInt8])
  private let w = Tensor(shape: [2, 2, 2], [1, 1, 0, 0, 0, 0, 1, 2] as [UInt8])

  @Test func obeysTheLaws() throws {
    try checkLaws("ConvInteger", operands: [.tensor(x), .tensor(w)], removesSomething: false)
  }

  @Test func sums() throws {
    #expect(try result("ConvInteger", [:], x, w) == Tensor(shape: [1, 2, 2], [3, 5, 14, 17] as [Int32]))
    // Padding reads as the zero point: it adds nothing.
    let padded = try result(
      "ConvInteger", ["pads": .ints([1, 0])], x, w, Tensor(UInt8(1)), Tensor(shape: [2], [0, 1] as [UInt8]))
    #expect(padded == Tensor(shape: [1, 2, 3], [0, 1, 3, 3, 3, 2] as [Int32]))
    let grouped = try result(
      "ConvInteger", ["group": .int(2)], x, Tensor(shape: [2, 1, 1], [2, 3] as [UInt8]))
    #expect(grouped == Tensor(shape: [1, 2, 3], [2, 4, 6, 12, 15, 18] as [Int32]))
  }

  @Test func quantizesAgain() throws {
    let zero = Tensor(UInt8(0)), scales = Tensor(shape: [2], [1, 0.5] as [Float])
    let y = try result(
      "QLinearConv", [:], x, Tensor(Float(2)), zero, w, scales, zero, Tensor(Float(4)), Tensor(UInt8(7)),
      Tensor(shape: [2], [1, -2] as [Int32]))
    #expect(y == Tensor(shape: [1, 2, 2], [9, 10, 10, 11] as [UInt8]))
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("ConvInteger", ["group": .int(2)], x, w) }
    #expect(throws: OperatorError.self) { try result("ConvInteger", ["group": .int(0)], x, w) }
    #expect(throws: OperatorError.self) { try result("ConvInteger", [:], x, w, Tensor(Int8(1))) }
    #expect(throws: OperatorError.self) { try result("QLinearConv", [:], x, w) }
    #expect(throws: OperatorError.self) {
      try result("ConvInteger", [:], x, Tensor(shape: [2, 2], repeating: UInt8(1)))
    }
  }
}
