import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct SliceTests {
  private func cut(_ x: Tensor, _ start: Int64, _ end: Int64, axis: Int64 = 0, step: Int64 = 1) throws -> Tensor {
    try result("Slice", [:], x, .integers(start), .integers(end), .integers(axis), .integers(step))
  }
  private func law(_ start: Int64, _ end: Int64, step: Int64 = 1, opset: Int = 17) throws {
    let ranges: [CaseOperand] = [start, end, 1, step].map { .tensor(.integers($0)) }
    try checkLaws("Slice", opset: opset, operands: [.random([2, 6, 3])] + ranges, constants: [1, 2, 3, 4])
    try checkLaws(
      "Slice", opset: 9, ["starts": .ints([start]), "ends": .ints([end]), "axes": .ints([1])],
      operands: [.random([2, 6, 3])])
  }

  @Test(
    arguments: [(0, 4), (2, 6), (2, .max), (-2, 6), (0, -3), (0, 6), (.min, .max), (1, 4), (3, 3), (0, 1)]
      as [(Int64, Int64)])
  func obeysTheLaws(_ start: Int64, _ end: Int64) throws { try law(start, end) }

  @Test(arguments: [2, -1, -2, .max, .min] as [Int64])
  func obeysTheLawsWithSteps(_ step: Int64) throws { try law(step > 0 ? 0 : -1, step > 0 ? .max : .min, step: step) }

  /// Ranges in the file are followed wherever they lie.
  @Test func namesEveryRange() throws {
    for (start, end) in [(0, 4), (2, 6), (1, 4)] as [(Int64, Int64)] {
      let node = NodeCase("Slice", operands: [.counting([6]), .integers(start), .integers(end)], constants: [1, 2])
      var c = Coupling(inputs: node.types, outputs: try node.infer())
      try node.make().couple(&c)
      #expect(c.named.contains(.input(0, 0)))
    }
  }

  @Test func takesRanges() throws {
    let x = Tensor.counting([5])
    #expect(try cut(x, 1, 4).floats == [1, 2, 3])
    #expect(try cut(x, -2, .max).floats == [3, 4])
    #expect(try cut(x, 0, .max, step: 2).floats == [0, 2, 4])
    #expect(try cut(x, -1, .min, step: -1).floats == [4, 3, 2, 1, 0])
    #expect(try cut(x, 9, 0, step: -3).floats == [4, 1])
    #expect(try cut(x, 0, 5, step: .max).floats == [0])
    #expect(try cut(x, 4, 0, step: .min).floats == [4])
    #expect(try cut(x, 4, 2).shape == [0])
    #expect(try cut(Tensor.counting([0]), 0, 1, step: -1).shape == [0])
    #expect(try cut(Tensor.counting([2, 3]), 1, 3, axis: -1).floats == [1, 2, 4, 5])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([5])
    #expect(throws: OperatorError.self) { try cut(x, 0, 1, step: 0) }
    #expect(throws: OperatorError.self) { try cut(x, 0, 1, axis: 1) }
    #expect(throws: OperatorError.self) {
      try result("Slice", [:], x, .integers(0, 0), .integers(1, 1), .integers(0, 0))
    }
    #expect(throws: OperatorError.self) { try result("Slice", [:], x, .integers(0), .integers(1, 1)) }
    #expect(throws: OperatorError.self) { try result("Slice", [:], x) }
    #expect(throws: OperatorError.self) { try result("Slice", opset: 9, [:], x) }
  }
}
