import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ConstantTests {
  @Test(
    arguments: [
      ("value", .tensor(.integers(1, 2)), .integers(1, 2)), ("value_int", .int(3), Tensor(Int64(3))),
      ("value_ints", .ints([3, 4]), .integers(3, 4)), ("value_float", .float(0.5), Tensor(Float(0.5))),
      ("value_floats", .floats([0, 1]), .counting([2])),
    ] as [(String, Attribute.Value, Tensor)])
  func holds(_ name: String, _ value: Attribute.Value, _ wanted: Tensor) throws {
    #expect(try result("Constant", [name: value]) == wanted)
    #expect(try NodeCase("Constant", [name: value], operands: []).infer()[0].constant == wanted)
  }

  @Test func refusesText() {
    #expect(throws: OperatorError.self) { try result("Constant", ["value_string": .string([])]) }
  }
}
