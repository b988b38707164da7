import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct MaxRoiPoolTests {
  private let x = Tensor.counting([1, 1, 4, 4])
  private let size: [String: Attribute.Value] = ["pooled_shape": .ints([2, 2])]

  @Test func obeysTheLaws() throws {
    let regions = Tensor(shape: [1, 5], [1, 0, 0, 3, 3] as [Float])
    try checkLaws("MaxRoiPool", size, operands: [.random([2, 3, 4, 4]), .tensor(regions)])
  }

  @Test func findsMaxima() throws {
    let regions = Tensor(shape: [2, 5], [0, 0, 0, 3, 3, 0, 1, 1, 2, 1] as [Float])
    #expect(try result("MaxRoiPool", size, x, regions).floats == [5, 7, 13, 15, 5, 6, 5, 6])
    let outside = Tensor(shape: [1, 5], [0, 9, 9, 12, 12] as [Float])
    #expect(try result("MaxRoiPool", size, x, outside).floats == [0, 0, 0, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    for first in [1, -1, 0.5, .nan] as [Float] {
      #expect(throws: OperatorError.self) {
        try result("MaxRoiPool", size, x, Tensor(shape: [1, 5], [first, 0, 0, 1, 1]))
      }
    }
    #expect(throws: OperatorError.self) {
      try result("MaxRoiPool", size, x, Tensor(shape: [1, 5], [0, 0, 0, 1, .infinity] as [Float]))
    }
    #expect(throws: OperatorError.self) { try result("MaxRoiPool", [:], x, Tensor.counting([1, 5])) }
    #expect(throws: OperatorError.self) { try result("MaxRoiPool", size, x, Tensor.counting([1, 4])) }
  }
}
