import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct MaxPoolTests {
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func obeysTheLaws(seed: UInt64) throws {
    try checkLaws(
      "MaxPool", ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])], operands: [.random([2, 4, 6, 6])],
      seed: seed)
    try checkLaws(
      "MaxPool",
      [
        "kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 1]),
        "dilations": .ints([1, 2]), "ceil_mode": .int(1),
      ], operands: [.random([2, 4, 6, 7])], seed: seed)
    try checkLaws("MaxPool", ["kernel_shape": .ints([3])], operands: [.random([2, 4, 6])], seed: seed)
  }

  @Test func takesTheGreatest() throws {
    let x = Tensor(shape: [1, 1, 5], [-5, -2, -3, -1, -4] as [Float])
    let run = { (attributes: [String: Attribute.Value]) in
      try NodeCase("MaxPool", attributes.merging(["kernel_shape": .ints([2])]) { $1 }, operands: [x])
        .run()[0].elements(Float.self)
    }
    #expect(try run([:]) == [-2, -2, -1, -1])
    #expect(try run(["strides": .ints([2])]) == [-2, -1])
    #expect(try run(["strides": .ints([2]), "ceil_mode": .int(1)]) == [-2, -1, -4])
    #expect(try run(["dilations": .ints([3])]) == [-1, -2])
    #expect(try run(["auto_pad": .string(Array("SAME_UPPER".utf8))]) == [-2, -2, -1, -1, -4])
    #expect(try run(["auto_pad": .string(Array("SAME_LOWER".utf8))]) == [-5, -2, -2, -1, -1])
    #expect(try run(["pads": .ints([1, 1])]) == [-5, -2, -2, -1, -1, -4])
  }

  @Test func leavesOutWindowsBehindTheInput() throws {
    let x = Tensor(shape: [1, 1, 2, 2], [1, 2, 3, 4] as [Float])
    let y = try NodeCase(
      "MaxPool", ["kernel_shape": .ints([1, 1]), "strides": .ints([2, 2]), "ceil_mode": .int(1)], operands: [x]
    ).run()[0]
    #expect(y == Tensor(shape: [1, 1, 1, 1], [1] as [Float]))
  }

  @Test func refusesWhatItCannotDo() {
    let x = Tensor(shape: [1, 1, 2], repeating: Float(1))
    #expect(throws: OperatorError.self) { try NodeCase("MaxPool", operands: [x]).infer() }
    let error = #expect(throws: OperatorError.self) {
      try NodeCase("MaxPool", outputs: 2, ["kernel_shape": .ints([1])], operands: [x]).infer()
    }
    #expect(error?.fact.contains("indices") ?? false)
    #expect(throws: OperatorError.self) { try NodeCase("MaxPool", ["kernel_shape": .ints([3])], operands: [x]).infer() }
    #expect(throws: OperatorError.self) {
      try NodeCase("MaxPool", ["kernel_shape": .ints([1])], operands: [Tensor(shape: [1, 1], repeating: Float(1))])
        .infer()
    }
    #expect(throws: OperatorError.self) {
      try NodeCase("MaxPool", ["kernel_shape": .ints([1])], operands: [Tensor(shape: [1, 1, 1], repeating: Int8(1))])
        .run()
    }
  }
}
