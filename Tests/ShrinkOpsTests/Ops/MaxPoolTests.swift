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
    #expect(try run(["dilations": .ints([5]), "strides": .ints([2]), "ceil_mode": .int(1)]) == [-5])
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

  @Test func tellsWhereTheGreatestStand() throws {
    let window: [String: Attribute.Value] = ["kernel_shape": .ints([2, 2]), "strides": .ints([1, 2])]
    let x = Tensor(shape: [1, 2, 2, 4], [1, 2, 3, 9, 5, 4, 7, 8, 1, 0, 0, 0, 0, 0, 0, 2] as [Float])
    let rows = try results("MaxPool", outputs: 2, window, x)
    #expect(rows[0].floats == [5, 9, 1, 2])
    #expect(rows[1] == Tensor(shape: [1, 2, 1, 2], [4, 3, 8, 15] as [Int64]))
    let columns = try results("MaxPool", outputs: 2, window.merging(["storage_order": .int(1)]) { $1 }, x)
    #expect(columns[1] == Tensor(shape: [1, 2, 1, 2], [1, 6, 8, 15] as [Int64]))
    try checkLaws("MaxPool", outputs: 2, window, operands: [.random([2, 3, 4, 6])], removesSomething: false)
  }

  @Test func poolsOtherTypes() throws {
    let window: [String: Attribute.Value] = ["kernel_shape": .ints([2])]
    let bytes = Tensor(shape: [1, 1, 3], [-128, -128, 5] as [Int8])
    #expect(try result("MaxPool", window, bytes) == Tensor(shape: [1, 1, 2], [-128, 5] as [Int8]))
    let wide = Tensor(shape: [1, 1, 3], [-1, -2, 5] as [Double])
    #expect(try result("MaxPool", window, wide) == Tensor(shape: [1, 1, 2], [-1, 5] as [Double]))
    let half = try results("MaxPool", outputs: 2, window, Conversion.convert(wide, to: .float16))
    #expect(half[0].numbers == [-1, 5])
    #expect(half[1] == Tensor(shape: [1, 1, 2], [0, 2] as [Int64]))
  }

  @Test func refusesWhatItCannotDo() {
    let x = Tensor(shape: [1, 1, 2], repeating: Float(1))
    #expect(throws: OperatorError.self) { try NodeCase("MaxPool", operands: [x]).infer() }
    #expect(throws: OperatorError.self) { try NodeCase("MaxPool", ["kernel_shape": .ints([3])], operands: [x]).infer() }
    #expect(throws: OperatorError.self) {
      try NodeCase("MaxPool", ["kernel_shape": .ints([1])], operands: [Tensor(shape: [1, 1], repeating: Float(1))])
        .infer()
    }
    #expect(throws: OperatorError.self) {
      try NodeCase("MaxPool", ["kernel_shape": .ints([1])], operands: [Tensor(shape: [1, 1, 1], repeating: Int16(1))])
        .run()
    }
  }
}
