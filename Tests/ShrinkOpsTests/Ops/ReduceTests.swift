import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ReduceTests {
  private let x = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Float])

  @Test(arguments: Reduce.names, [[2, 3], [1], [-1], [0, 2]] as [[Int64]])
  func obeysTheLaws(_ name: String, _ axes: [Int64]) throws {
    let list = CaseOperand.tensor(Tensor(shape: [axes.count], axes))
    for keeps in [0, 1] as [Int64] {
      try checkLaws(
        name, opset: 11, ["axes": .ints(axes), "keepdims": .int(keeps)], operands: [.positive([2, 4, 3, 2])])
      try checkLaws(
        name, opset: 18, ["keepdims": .int(keeps)], operands: [.positive([2, 4, 3, 2]), list], constants: [1])
    }
  }

  @Test(
    arguments: [
      ("ReduceL1", [5, 7, 9]), ("ReduceL2", [4.1231055, 5.3851647, 6.708204]),
      ("ReduceLogSum", [1.609438, 1.9459102, 2.1972246]),
      ("ReduceLogSumExp", [4.0485873, 5.0485873, 6.0485873]), ("ReduceMax", [4, 5, 6]),
      ("ReduceMean", [2.5, 3.5, 4.5]),
      ("ReduceMin", [1, 2, 3]), ("ReduceProd", [4, 10, 18]), ("ReduceSum", [5, 7, 9]),
      ("ReduceSumSquare", [17, 29, 45]),
    ] as [(String, [Float])])
  func reduces(_ name: String, _ wanted: [Float]) throws {
    let y = try result(name, opset: 18, ["keepdims": .int(0)], x, .integers(0))
    #expect(y.difference(from: Tensor(shape: [3], wanted)) == nil)
  }

  @Test func reducesAllWithoutAxes() throws {
    let y = try result("ReduceSum", [:], x)
    #expect(y.shape == [1, 1])
    #expect(y.floats == [21])
    #expect(try result("ReduceSum", ["noop_with_empty_axes": .int(1)], x) == x)
  }

  @Test func reducesInterleavedAxes() throws {
    let y = try result("ReduceSum", ["keepdims": .int(0)], Tensor.counting([2, 3, 4, 2]), .integers(0, 2))
    #expect(y.shape == [3, 2])
    #expect(y.floats == [120, 128, 184, 192, 248, 256])
  }

  @Test func keepsDigitsOfLongSums() throws {
    let y = try result("ReduceMean", [:], Tensor(shape: [1 << 20], repeating: Float(0.1)))
    #expect(y.floats == [0.1])
  }

  @Test func staysFiniteFarOut() throws {
    let far = Tensor(shape: [2], [1000, 1000] as [Float])
    #expect(try result("ReduceLogSumExp", [:], far).difference(from: Tensor(shape: [1], [1000.6931] as [Float])) == nil)
    let none = Tensor(shape: [2], repeating: -Float.infinity)
    #expect(try result("ReduceLogSumExp", [:], none).floats == [-.infinity])
    let all = Tensor(shape: [2], [.infinity, 1] as [Float])
    #expect(try result("ReduceLogSumExp", [:], all).floats == [.infinity])
  }

  @Test func reducesNothing() throws {
    let none = Tensor(shape: [2, 0], [] as [Float])
    #expect(try result("ReduceSum", [:], none, .integers(1)).floats == [0, 0])
    #expect(try result("ReduceMax", opset: 18, [:], none, .integers(1)).floats == [-.infinity, -.infinity])
    #expect(try result("ReduceSum", [:], none, .integers(0)).shape == [1, 0])
    #expect(try result("ReduceMean", opset: 18, [:], Tensor.integers(), .integers(0)) == .integers(0))
  }

  @Test func takesIntegers() throws {
    #expect(try result("ReduceMean", [:], Tensor.integers(-3, 0)).elements() as [Int64] == [-1])
    #expect(try result("ReduceMax", [:], Tensor(shape: [2], [3, 200] as [UInt8])).elements() as [UInt8] == [200])
    #expect(try result("ReduceL2", [:], Tensor.integers(3, 4)).elements() as [Int64] == [5])
  }

  @Test func refusesAxesThatAreNotThere() {
    #expect(throws: OperatorError.self) { try result("ReduceSum", [:], x, .integers(2)) }
    #expect(throws: OperatorError.self) { try result("ReduceMean", ["axes": .ints([0, -2])], x) }
  }
}
