import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ScatterNDTests {
  @Test func obeysTheLaws() throws {
    try checkLaws(
      "ScatterND",
      operands: [.random([4, 3]), .tensor(Tensor(shape: [2, 1], [3, 0] as [Int64])), .random([2, 3])], constants: [1])
  }

  @Test func putsElementsAndSlices() throws {
    let x = Tensor.counting([2, 2])
    let rows = try result(
      "ScatterND", [:], x, Tensor(shape: [1, 1], [-1] as [Int64]), Tensor(shape: [1, 2], [8, 9] as [Float]))
    #expect(rows.floats == [0, 1, 8, 9])
    let elements = try result(
      "ScatterND", [:], x, Tensor(shape: [2, 2], [0, 1, 1, 0] as [Int64]), Tensor(shape: [2], [8, 9] as [Float]))
    #expect(elements.floats == [0, 8, 9, 3])
  }

  @Test func joinsWhatGoesToOnePlace() throws {
    let places = Tensor(shape: [2, 1], [0, 0] as [Int64])
    for (reduction, wanted) in [("add", 10), ("mul", 24), ("max", 4), ("min", 2)] as [(String, Float)] {
      let y = try result(
        "ScatterND", opset: 18, ["reduction": .string(Array(reduction.utf8))], Tensor(shape: [1], [3] as [Float]),
        places,
        Tensor(shape: [2], [reduction == "add" ? 3 : 2, 4] as [Float]))
      #expect(y.floats == [wanted], "\(reduction)")
    }
    let undefined = try result(
      "ScatterND", opset: 18, ["reduction": .string(Array("max".utf8))], Tensor(shape: [1], [3] as [Float]), places,
      Tensor(shape: [2], [.nan, 4] as [Float]))
    #expect(undefined.floats[0].isNaN)
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 2])
    for place in [2, -3, .min, .max] as [Int64] {
      #expect(throws: OperatorError.self) {
        try result("ScatterND", [:], x, Tensor(shape: [1, 1], [place]), Tensor.counting([1, 2]))
      }
    }
    #expect(throws: OperatorError.self) {
      try result("ScatterND", [:], x, Tensor(shape: [1, 1], [0] as [Int64]), Tensor.counting([2]))
    }
    #expect(throws: OperatorError.self) { try result("ScatterND", [:], x, Tensor(Int64(0)), Tensor.counting([2])) }
  }
}
