import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ComparisonTests {
  @Test(arguments: Comparison.names)
  func obeysTheLaws(_ name: String) throws { try checkLaws(name, operands: [.random([2, 4, 3]), .random([4, 1])]) }

  @Test(arguments: [
    ("Equal", [false, true, false]), ("Greater", [false, false, true]), ("GreaterOrEqual", [false, true, true]),
    ("Less", [true, false, false]), ("LessOrEqual", [true, true, false]),
  ])
  func compares(_ name: String, _ wanted: [Bool]) throws {
    #expect(try result(name, [:], Tensor.counting([3]), Tensor(Float(1))).elements() == wanted)
    #expect(try result(name, [:], Tensor.integers(0, 1, 2), .integers(1)).elements() == wanted)
    let bytes = Tensor(shape: [3], [0, 1, 200] as [UInt8])
    #expect(try result(name, [:], bytes, Tensor(UInt8(1))).elements() == wanted)
  }

  @Test func nothingEqualsWhatIsNotANumber() throws {
    #expect(try result("Equal", [:], Tensor(Float.nan), Tensor(Float.nan)).elements() == [false])
  }

  @Test func comparesBooleansForEqualityOnly() throws {
    #expect(try result("Equal", [:], Tensor(true), Tensor(true)).elements() == [true])
    #expect(throws: OperatorError.self) { try result("Less", [:], Tensor(true), Tensor(true)) }
  }
}
