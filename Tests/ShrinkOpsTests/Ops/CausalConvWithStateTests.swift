import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct CausalConvWithStateTests {
  @Test func obeysTheLaws() throws {
    try checkLaws(
      "CausalConvWithState", opset: 27, outputs: 2, ["activation": .string(Array("silu".utf8))],
      operands: [.random([2, 3, 5]), .random([3, 1, 4]), .random([3]), .random([2, 3, 3])], removesSomething: false)
    try checkLaws(
      "CausalConvWithState", opset: 27, outputs: 2, operands: [.random([2, 3, 2]), .random([3, 1, 4])],
      removesSomething: false)
  }

  @Test func looksBackOnly() throws {
    let x = Tensor(shape: [1, 1, 3], [1, 2, 3] as [Float]), w = Tensor(shape: [1, 1, 3], [100, 10, 1] as [Float])
    let found = try results("CausalConvWithState", opset: 27, outputs: 2, x, w)
    #expect(found[0].floats == [1, 12, 123])
    #expect(found[1].floats == [2, 3])
    let past = Tensor(shape: [1, 1, 2], [8, 9] as [Float])
    let next = try results(
      "CausalConvWithState", opset: 27, outputs: 2, x.reshaped([3, 1, 1]).rows(0..<1), w, nil, past)
    #expect(next[0].floats == [891])
    #expect(next[1].floats == [9, 1])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 3, 5]), w = Tensor.counting([3, 1, 4])
    let refused: [[Tensor?]] = [
      [x, .counting([2, 1, 4])], [x, .counting([3, 1, 0])], [x, w, .counting([2])], [x, w, nil, .counting([2, 3, 4])],
      [.counting([3, 5]), w], [x, Tensor(shape: [3, 1, 4], repeating: 1.0)],
    ]
    for operands in refused {
      #expect(throws: OperatorError.self) {
        try NodeCase("CausalConvWithState", opset: 27, outputs: 2, operands: operands).run()
      }
    }
  }
}
