import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct TileTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("Tile", operands: [.random([2, 3, 4]), .tensor(.integers(1, 2, 1))], constants: [1])
  }

  @Test func repeats() throws {
    let y = try result("Tile", [:], Tensor.counting([2, 2]), .integers(2, 2))
    #expect(y.shape == [4, 4])
    #expect(y.floats == [0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3])
    #expect(try result("Tile", [:], Tensor.counting([2]), .integers(0)).shape == [0])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("Tile", [:], Tensor.counting([2]), .integers(1, 1)) }
    #expect(throws: OperatorError.self) { try result("Tile", [:], Tensor.counting([2]), .integers(-1)) }
    #expect(throws: OperatorError.self) { try result("Tile", [:], Tensor.counting([2]), .integers(.max)) }
    #expect(throws: OperatorError.self) { try result("Tile", [:], Tensor.counting([2]), .integers(1 << 50)) }
  }
}
