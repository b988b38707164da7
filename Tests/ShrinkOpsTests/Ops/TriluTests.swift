import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct TriluTests {
  private func kept(_ k: Int64?, upper: Int64, _ shape: [Int] = [2, 3]) throws -> [Float] {
    let x = Tensor(shape: shape, repeating: Float(1))
    return try result("Trilu", ["upper": .int(upper)], x, k.map { Tensor($0) }).floats
  }

  @Test func obeysTheLaws() throws { try checkLaws("Trilu", operands: [.random([4, 3, 3])]) }

  @Test func keepsATriangle() throws {
    #expect(try kept(nil, upper: 1) == [1, 1, 1, 0, 1, 1])
    #expect(try kept(nil, upper: 0) == [1, 0, 0, 1, 1, 0])
    #expect(try kept(1, upper: 1) == [0, 1, 1, 0, 0, 1])
    #expect(try kept(-1, upper: 0) == [0, 0, 0, 1, 0, 0])
    #expect(try kept(.max, upper: 1) == [0, 0, 0, 0, 0, 0])
    #expect(try kept(.min, upper: 1) == [1, 1, 1, 1, 1, 1])
    #expect(try kept(.max, upper: 0) == [1, 1, 1, 1, 1, 1])
    #expect(try kept(.min, upper: 0) == [0, 0, 0, 0, 0, 0])
    #expect(try kept(0, upper: 0, [2, 0]).isEmpty)
    #expect(try kept(0, upper: 1, [2, 1, 2]) == [1, 1, 1, 1])
  }

  @Test func refusesWhatIsNoMatrix() {
    #expect(throws: OperatorError.self) { try result("Trilu", [:], Tensor.counting([2])) }
    #expect(throws: OperatorError.self) { try result("Trilu", [:], Tensor.counting([2, 2]), .integers(1, 2)) }
  }
}
