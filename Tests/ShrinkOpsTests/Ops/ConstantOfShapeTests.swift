import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ConstantOfShapeTests {
  @Test func fills() throws {
    #expect(try result("ConstantOfShape", [:], Tensor.integers(2, 1)) == Tensor(shape: [2, 1], repeating: Float(0)))
    let sevens = try result("ConstantOfShape", ["value": .tensor(.integers(7))], Tensor.integers(2))
    #expect(sevens == .integers(7, 7))
    #expect(try result("ConstantOfShape", [:], Tensor.integers()).shape == [])
    #expect(try result("ConstantOfShape", [:], Tensor.integers(0, 4)).shape == [0, 4])
  }

  @Test(arguments: [[-1], [1 << 40, 1 << 40], [1 << 40]] as [[Int64]])
  func refusesSizesThatCannotBe(_ shape: [Int64]) {
    #expect(throws: OperatorError.self) { try result("ConstantOfShape", [:], Tensor(shape: [shape.count], shape)) }
  }

  @Test func refusesAShapeThatIsNotKnown() {
    let node = NodeCase("ConstantOfShape", operands: [.integers(2)])
    #expect(throws: OperatorError.self) { try node.infer() }
  }
}
