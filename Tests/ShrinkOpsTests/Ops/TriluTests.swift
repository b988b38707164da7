import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct TriluTests {
  private let x = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Float])

  @Test func obeysTheLaws() throws { try checkLaws("Trilu", operands: [.random([3, 2, 2])]) }

  private func kept(_ upper: Int64, _ k: Int64) throws -> [Float] {
    try result("Trilu", ["upper": .int(upper)], x, Tensor(k)).floats
  }

  @Test func keepsTheUpperTriangle() throws {
    #expect(try result("Trilu", [:], x).floats == [1, 2, 3, 0, 5, 6])
    #expect(try kept(1, 1) == [0, 2, 3, 0, 0, 6])
    #expect(try kept(1, -1) == x.floats)
    #expect(try kept(1, .max) == [0, 0, 0, 0, 0, 0])
    #expect(try kept(1, .min) == x.floats)
  }

  @Test func keepsTheLowerTriangle() throws {
    #expect(try kept(0, 0) == [1, 0, 0, 4, 5, 0])
    #expect(try kept(0, 1) == [1, 2, 0, 4, 5, 6])
    #expect(try kept(0, -1) == [0, 0, 0, 4, 0, 0])
    #expect(try kept(0, .max) == x.floats)
    #expect(try kept(0, .min) == [0, 0, 0, 0, 0, 0])
  }

  @Test func keepsNothingOfNothing() throws {
    #expect(try result("Trilu", [:], Tensor.counting([2, 0, 3])).shape == [2, 0, 3])
  }

  @Test func refusesWhatIsNoMatrix() {
    #expect(throws: OperatorError.self) { try result("Trilu", [:], Tensor.counting([3])) }
    #expect(throws: OperatorError.self) { try result("Trilu", [:], x, .integers(1, 2)) }
    #expect(throws: OperatorError.self) { try result("Trilu", [:], x, Tensor(Float(1))) }
  }
}
