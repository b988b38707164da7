import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct CumulativeTests {
  @Test(arguments: ["CumSum", "CumProd"]) func obeysTheLaws(_ name: String) throws {
    for form in 0..<4 as Range<Int64> {
      try checkLaws(
        name, opset: 26, ["exclusive": .int(form % 2), "reverse": .int(form / 2)],
        operands: [.random([2, 3, 4]), .tensor(Tensor(Int64(-2)))], constants: [1])
    }
    try checkLaws(name, opset: 26, operands: [.random([5]), .tensor(Tensor(Int32(0)))], removesSomething: false)
  }

  @Test func addsUp() throws {
    let x = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Int32])
    let run = { (name: String, exclusive: Int64, reverse: Int64, axis: Int64) in
      try result(name, opset: 26, ["exclusive": .int(exclusive), "reverse": .int(reverse)], x, Tensor(axis))
        .elements(Int32.self)
    }
    #expect(try run("CumSum", 0, 0, 1) == [1, 3, 6, 4, 9, 15])
    #expect(try run("CumSum", 1, 0, -1) == [0, 1, 3, 0, 4, 9])
    #expect(try run("CumSum", 0, 1, 1) == [6, 5, 3, 15, 11, 6])
    #expect(try run("CumSum", 1, 1, 0) == [4, 5, 6, 0, 0, 0])
    #expect(try run("CumProd", 1, 1, 1) == [6, 3, 1, 30, 6, 1])
    #expect(try run("CumProd", 0, 0, 0) == [1, 2, 3, 4, 10, 18])
  }

  @Test func refusesWhatDoesNotFit() throws {
    let x = Tensor.counting([2, 3])
    for axis in [Tensor(Int64(2)), .integers(0, 1), Tensor(Float(0))] {
      #expect(throws: OperatorError.self) { try result("CumSum", x, axis) }
    }
    #expect(throws: OperatorError.self) { try result("CumSum", Tensor(Float(1)), Tensor(Int64(0))) }
    #expect(try result("CumSum", .counting([2, 0]), Tensor(Int64(1))).shape == [2, 0])
  }
}
