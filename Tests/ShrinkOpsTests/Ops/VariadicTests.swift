import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct VariadicTests {
  @Test(arguments: Variadic.names)
  func obeysTheLaws(_ name: String) throws {
    try checkLaws(name, operands: [.random([2, 4, 3]), .random([4, 1]), .random([3])])
  }

  @Test func folds() throws {
    let (a, b) = (Tensor(shape: [2], [1, 5] as [Float]), Tensor(shape: [2, 1], [3, 0] as [Float]))
    #expect(try result("Sum", [:], a, b, b).floats == [7, 11, 1, 5])
    #expect(try result("Mean", [:], a, b).floats == [2, 4, 0.5, 2.5])
    #expect(try result("Max", [:], a, b).floats == [3, 5, 1, 5])
    #expect(try result("Min", [:], a, b).floats == [1, 3, 0, 0])
    #expect(try result("Max", [:], a) == a)
  }

  @Test(arguments: ["Max", "Min"])
  func keepsWhatIsNotANumber(_ name: String) throws {
    let (a, b) = (Tensor(shape: [2], [.nan, 1] as [Float]), Tensor(shape: [2], [1, .nan] as [Float]))
    #expect(try result(name, [:], a, b).floats.allSatisfy(\.isNaN))
  }

  @Test func takesIntegers() throws {
    #expect(try result("Max", [:], Tensor.integers(1, 5), .integers(3)) == .integers(3, 5))
    #expect(throws: OperatorError.self) { try result("Mean", [:], Tensor.integers(1)) }
  }
}
