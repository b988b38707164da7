import ShrinkGraph
@testable import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ScatterElementsTests {
  @Test func pinsEveryAxis() throws {
    try checkLaws(
      "ScatterElements",
      operands: [.random([2, 3]), .tensor(Tensor(shape: [1, 3], [0, 1, 0] as [Int64])), .random([1, 3])],
      removesSomething: false)
  }

  @Test func putsElements() throws {
    let (x, places) = (Tensor.counting([3, 2]), Tensor(shape: [1, 2], [-1, 0] as [Int64]))
    let new = Tensor(shape: [1, 2], [10, 20] as [Float])
    #expect(try result("ScatterElements", [:], x, places, new).floats == [0, 20, 2, 3, 10, 5])
    #expect(try result("Scatter", opset: 9, [:], x, places, new).floats == [0, 20, 2, 3, 10, 5])
    let along = try result("ScatterElements", ["axis": .int(1)], x, places, new)
    #expect(along.floats == [20, 10, 2, 3, 4, 5])
  }

  /// Both updates go to element 1, which holds 3.
  @Test(arguments: [("none", 4), ("add", 9), ("mul", 24), ("max", 4), ("min", 2)] as [(String, Float)])
  func joinsWhatGoesToOnePlace(_ reduction: String, _ wanted: Float) throws {
    let x = Tensor(shape: [2], [1, 3] as [Float])
    let attributes: [String: Attribute.Value] = ["reduction": .string(Array(reduction.utf8))]
    let new = Tensor(shape: [2], [2, 4] as [Float])
    for dtype in [DType.float32, .float16, .bfloat16, .float64, .int8, .uint64] {
      let y = try result(
        "ScatterElements", opset: 18, attributes, Conversion.convert(x, to: dtype), .integers(1, 1),
        Conversion.convert(new, to: dtype))
      #expect(y.dtype == dtype)
      #expect(y.numbers == [1, Double(wanted)], "\(reduction) of \(dtype)")
    }
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2])
    for place in [2, -3, .min, .max] as [Int64] {
      #expect(throws: OperatorError.self) {
        try result("ScatterElements", [:], x, .integers(place), Tensor.counting([1]))
      }
    }
    #expect(throws: OperatorError.self) { try result("ScatterElements", [:], x, .integers(0), .integers(0)) }
    #expect(throws: OperatorError.self) { try result("ScatterElements", [:], x, .integers(0), Tensor.counting([2])) }
    #expect(throws: OperatorError.self) {
      try result("ScatterElements", ["reduction": .string([1])], x, .integers(0), Tensor.counting([1]))
    }
  }
}
