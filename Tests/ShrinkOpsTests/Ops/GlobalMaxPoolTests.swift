import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct GlobalMaxPoolTests {
  @Test(arguments: [[2, 5, 3, 4], [2, 5, 35]]) func obeysTheLaws(_ x: [Int]) throws {
    try checkLaws("GlobalMaxPool", operands: [.random(x)])
  }

  @Test(arguments: [1, 3, 16, 50]) func takesTheGreatest(_ count: Int) throws {
    let values = (0..<2 * count).map { -Float($0 * 7 % 11) - 1 }
    let y = try NodeCase("GlobalMaxPool", operands: [Tensor(shape: [1, 2, count], values)]).run()[0]
    #expect(y.elements(Float.self) == [values.prefix(count).max() ?? 0, values.suffix(count).max() ?? 0])
  }

  @Test(arguments: [1, 18]) func passesOnWhatIsNoNumber(_ place: Int) throws {
    var values = [Float](repeating: 1, count: 20)
    values[place] = .nan
    let y = try NodeCase("GlobalMaxPool", operands: [Tensor(shape: [1, 1, 20], values)]).run()[0]
    #expect(y.elements(Float.self)[0].isNaN)
  }
}
