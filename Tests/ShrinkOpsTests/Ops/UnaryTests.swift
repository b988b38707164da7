import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct UnaryTests {
  @Test(arguments: Unary.names)
  func obeysTheLaws(_ name: String) throws {
    try checkLaws(
      name,
      operands: [name == "Acosh" ? .tensor(Tensor(shape: [2, 3, 1], repeating: Float(2))) : .positive([2, 3, 1])])
  }

  @Test(
    arguments: [
      ("Abs", [2, 0.5, 0]), ("Ceil", [-2, 1, 0]), ("Erf", [-0.9953223, 0.5204999, 0]),
      ("Exp", [0.13533528, 1.6487213, 1]),
      ("Floor", [-2, 0, 0]), ("Neg", [2, -0.5, 0]), ("Reciprocal", [-0.5, 2, .infinity]), ("Sign", [-1, 1, 0]),
      ("Sqrt", [.nan, 0.70710677, 0]), ("Tanh", [-0.9640276, 0.46211717, 0]), ("Cos", [-0.41614684, 0.87758255, 1]),
    ] as [(String, [Float])])
  func computes(_ name: String, _ wanted: [Float]) throws {
    let x = Tensor(shape: [3], [-2, 0.5, 0] as [Float])
    #expect(try result(name, [:], x).difference(from: Tensor(shape: [3], wanted)) == nil)
  }

  @Test func roundsHalvesToEven() throws {
    let x = Tensor(shape: [5], [-2.5, -0.5, 0.5, 1.5, 2.5] as [Float])
    #expect(try result("Round", [:], x).floats == [-2, 0, 0, 2, 2])
  }

  @Test func computesIntegersAndHalves() throws {
    #expect(try result("Abs", [:], Tensor(shape: [2], [Int64.min, -3])).elements() as [Int64] == [.min, 3])
    #expect(try result("Neg", [:], Tensor(shape: [2], [-128, 5] as [Int8])).elements() as [Int8] == [-128, -5])
    let half = try result("Cast", ["to": .int(10)], Tensor(shape: [1], [-0.25] as [Float]))
    let positive = try result("Abs", [:], half)
    #expect(positive.dtype == .float16)
    #expect(try result("Cast", ["to": .int(1)], positive).floats == [0.25])
  }

  @Test func takesEmptyTensorsAndScalars() throws {
    #expect(try result("Exp", [:], Tensor(shape: [0, 3], [] as [Float])).shape == [0, 3])
    #expect(try result("Exp", [:], Tensor(Float(0))).floats == [1])
  }

  @Test func refusesTypesWithoutKernel() {
    let error = #expect(throws: OperatorError.self) { try result("Sin", [:], Tensor(Int64(1))) }
    #expect(error?.description.contains("int64") == true)
  }
}
