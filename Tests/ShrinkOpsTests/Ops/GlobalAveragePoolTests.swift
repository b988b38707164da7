import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct GlobalAveragePoolTests {
  @Test(arguments: [[2, 5, 3, 4], [2, 5, 35], [2, 5]]) func obeysTheLaws(_ x: [Int]) throws {
    try checkLaws("GlobalAveragePool", operands: [.random(x)])
  }

  @Test(arguments: [1, 3, 16, 50]) func takesTheMean(_ count: Int) throws {
    let values = (0..<2 * count).map { Float($0) }
    let y = try NodeCase("GlobalAveragePool", operands: [Tensor(shape: [1, 2, count], values)]).run()[0]
    let mean = Float(count - 1) / 2
    #expect(y == Tensor(shape: [1, 2, 1], [mean, mean + Float(count)]))
    let doubles = Tensor(shape: [1, 2, count], values.map { Double($0) })
    #expect(try NodeCase("GlobalAveragePool", operands: [doubles]).run()[0].doubles == y.doubles)
  }

  @Test func refusesOtherTypes() {
    #expect(throws: OperatorError.self) {
      try NodeCase("GlobalAveragePool", operands: [Tensor(shape: [1, 1, 1], repeating: Int32(1))]).run()
    }
    #expect(throws: OperatorError.self) { try NodeCase("GlobalAveragePool", operands: [Tensor(Float(1))]).infer() }
  }
}
