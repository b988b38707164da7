import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct MeanVarianceNormalizationTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("MeanVarianceNormalization", operands: [.random([2, 3, 4, 5])])
    try checkLaws("MeanVarianceNormalization", ["axes": .ints([-1])], operands: [.random([2, 3])])
  }

  @Test func centresAndScales() throws {
    let x = Tensor(shape: [2, 2, 1, 1], [1, 5, 3, 5] as [Float])
    #expect(try result("MeanVarianceNormalization", x).floats == [-1, 0, 1, 0])
    #expect(throws: OperatorError.self) { try result("MeanVarianceNormalization", .counting([2, 3])) }
    #expect(throws: OperatorError.self) { try result("MeanVarianceNormalization", ["axes": .ints([0, 0])], x) }
  }
}
