import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct RMSNormalizationTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("RMSNormalization", opset: 23, operands: [.random([2, 3, 40]), .random([40])])
    try checkLaws("RMSNormalization", opset: 23, ["axis": .int(1)], operands: [.random([2, 3, 4]), .random([3, 4])])
    try checkLaws(
      "RMSNormalization", opset: 23, ["axis": .int(0)], operands: [.random([2, 3]), .random([1])],
      removesSomething: false)
  }

  @Test func dividesByTheRoot() throws {
    let x = Tensor(shape: [2, 2], [1, 7, -2, 2] as [Float]), scale = Tensor(shape: [2], [1, 10] as [Float])
    let y = try result("RMSNormalization", opset: 23, ["epsilon": .float(0)], x, scale)
    #expect(y.difference(from: Tensor(shape: [2, 2], [0.2, 14, -1, 10] as [Float])) == nil)
    let half = try Conversion.convert(x, to: .float16)
    let mixed = try result("RMSNormalization", opset: 23, ["epsilon": .float(0)], half, scale)
    #expect(mixed.dtype == .float32)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) {
      try result("RMSNormalization", opset: 23, .counting([2, 3]), .counting([2]))
    }
    #expect(throws: OperatorError.self) {
      try result("RMSNormalization", opset: 23, .counting([3]), .counting([2, 3]))
    }
    #expect(throws: OperatorError.self) {
      try result("RMSNormalization", opset: 23, ["axis": .int(2)], .counting([2, 3]), .counting([3]))
    }
  }

  @Test func hasAnOlderName() throws {
    let x = Tensor(shape: [2, 2], [3, 4, 1, 1] as [Float]), scale = Tensor(shape: [2], [1, 2] as [Float])
    let found = try results("SimplifiedLayerNormalization", opset: 11, outputs: 2, ["epsilon": .float(0)], x, scale)
    #expect(found[0] == (try result("RMSNormalization", opset: 23, ["epsilon": .float(0)], x, scale)))
    #expect(found[1].difference(from: Tensor(shape: [2, 1], [Float(0.08).squareRoot(), 1])) == nil)
    for outputs in 1...2 {
      try checkLaws(
        "SimplifiedLayerNormalization", outputs: outputs, ["axis": .int(-1)],
        operands: [.random([2, 3, 5]), .random([5])], constants: [1])
    }
    #expect(throws: OperatorError.self) { try results("RMSNormalization", opset: 17, x, scale) }
    #expect(throws: OperatorError.self) { try results("RMSNormalization", opset: 23, outputs: 2, x, scale) }
  }
}
