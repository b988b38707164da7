import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct LogicTests {
  @Test(arguments: Logic.names)
  func obeysTheLaws(_ name: String) throws {
    let x = Tensor(shape: [3, 2], [true, false, false, true, true, true])
    try checkLaws(name, operands: [.tensor(x), .tensor(Tensor(shape: [2], [true, false]))])
  }

  @Test(arguments: [("And", [false, false, true]), ("Or", [false, true, true]), ("Xor", [false, true, false])])
  func joins(_ name: String, _ wanted: [Bool]) throws {
    let (a, b) = (Tensor(shape: [3], [false, false, true]), Tensor(shape: [3], [false, true, true]))
    #expect(try result(name, [:], a, b).elements() == wanted)
  }

  @Test func refusesNumbers() {
    #expect(throws: OperatorError.self) { try result("And", [:], Tensor(Float(1)), Tensor(Float(1))) }
  }
}
