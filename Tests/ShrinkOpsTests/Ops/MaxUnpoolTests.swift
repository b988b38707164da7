import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct MaxUnpoolTests {
  private let attributes: [String: Attribute.Value] = ["kernel_shape": .ints([2]), "strides": .ints([2])]
  private let x = Tensor(shape: [1, 1, 2], [7, 9] as [Float])
  private let places = Tensor(shape: [1, 1, 2], [1, 2] as [Int64])

  @Test func obeysTheLaws() throws {
    try checkLaws("MaxUnpool", attributes, operands: [.tensor(x), .tensor(places)], removesSomething: false)
  }

  @Test func putsMaximaBack() throws {
    #expect(try result("MaxUnpool", attributes, x, places).floats == [0, 7, 9, 0])
    #expect(try result("MaxUnpool", attributes, x, places, .integers(1, 1, 6)).floats == [0, 7, 9, 0, 0, 0])
    let image = Tensor.counting([1, 2, 4, 4])
    let window: [String: Attribute.Value] = ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]
    let pooled = try results("MaxPool", outputs: 2, window, image)
    let back = try result("MaxUnpool", window, pooled[0], pooled[1])
    #expect(back.floats.enumerated().allSatisfy { $1 == 0 || $1 == Float($0) })
    #expect(back.floats.reduce(0, +) == pooled[0].floats.reduce(0, +))
  }

  @Test func refusesWhatDoesNotFit() {
    for index in [4, -1, .max] as [Int64] {
      #expect(throws: OperatorError.self) {
        try result("MaxUnpool", attributes, x, Tensor(shape: [1, 1, 2], [0, index]))
      }
    }
    #expect(throws: OperatorError.self) { try result("MaxUnpool", [:], x, places) }
    #expect(throws: OperatorError.self) { try result("MaxUnpool", attributes, x, .integers(0, 1)) }
    #expect(throws: OperatorError.self) { try result("MaxUnpool", attributes, x, places, .integers(1, 1, 3)) }
    #expect(throws: OperatorError.self) { try result("MaxUnpool", attributes, x, places, .integers(1, .max, 4)) }
  }
}
