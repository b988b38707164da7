import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ArithmeticTests {
  @Test(arguments: ["Add", "Sub", "Mul", "Div"], [[2, 4, 3, 3], [4, 1, 1], [3], [1, 4, 3, 1]])
  func obeysTheLaws(_ name: String, _ shape: [Int]) throws {
    try checkLaws(name, operands: [.positive([2, 4, 3, 3]), .positive(shape)])
    try checkLaws(name, operands: [.positive(shape), .positive([2, 4, 3, 3])])
  }

  @Test func pinsAxesThatRepeat() throws {
    try checkLaws("Mul", operands: [.random([1, 4]), .random([3, 1])], removesSomething: true)
    try checkLaws("Add", operands: [.random([1, 1]), .random([1])], removesSomething: false)
  }

  @Test(arguments: [[2, 3, 4], [3, 1], [4], [1], [], [1, 3, 4], [2, 1, 1]])
  func broadcasts(_ shape: [Int]) throws {
    let (a, b) = (Tensor.counting([2, 3, 4]), Tensor.counting(shape))
    let padded = [Int](repeating: 1, count: 3 - shape.count) + shape
    var wanted: [Float] = []
    for i in 0..<24 {
      let at = [i / 12, i / 4 % 3, i % 4]
      wanted.append(Float(i - zip(at, padded).reduce(0) { $0 * $1.1 + min($1.0, $1.1 - 1) }))
    }
    #expect(try result("Sub", [:], a, b).floats == wanted)
    #expect(try result("Sub", [:], b, a).floats == wanted.map { -$0 })
  }

  @Test func repeatsBothOperands() throws {
    let y = try result("Add", [:], Tensor.counting([2, 1]), Tensor.counting([3]))
    #expect(y.shape == [2, 3])
    #expect(y.floats == [0, 1, 2, 1, 2, 3])
  }

  @Test func dividesIntegersTowardsZero() throws {
    #expect(try result("Div", [:], Tensor.integers(7, -7, .min), .integers(2, 2, -1)) == .integers(3, -3, .min))
    let error = #expect(throws: OperatorError.self) { try result("Div", [:], Tensor.integers(1), .integers(0)) }
    #expect(error?.code == .badData)
  }

  @Test func takesRemaindersWithEitherSign() throws {
    let (a, b) = (Tensor.integers(-4, 7, 5, 4, -7), Tensor.integers(2, -3, 8, -2, 3))
    #expect(try result("Mod", [:], a, b) == .integers(0, -2, 5, 0, 2))
    #expect(try result("Mod", ["fmod": .int(1)], a, b) == .integers(0, 1, 5, 0, -1))
    let (x, y) = (Tensor(shape: [2], [-4.3, 7.5] as [Float]), Tensor(shape: [2], [2.1, -3] as [Float]))
    #expect(
      try result("Mod", ["fmod": .int(1)], x, y).difference(from: Tensor(shape: [2], [-0.1, 1.5] as [Float])) == nil)
  }

  @Test func raisesToPowersOfOtherTypes() throws {
    let x = Tensor(shape: [3], [1, 2, 3] as [Float])
    #expect(try result("Pow", [:], x, Tensor(Float(2))).floats == [1, 4, 9])
    #expect(try result("Pow", [:], x, Tensor.integers(3)).floats == [1, 8, 27])
    #expect(try result("Pow", [:], Tensor.integers(2, 3), Tensor(Float(2))) == .integers(4, 9))
  }

  @Test func takesEmptyTensorsAndScalars() throws {
    #expect(try result("Add", [:], Tensor(shape: [0, 2], [] as [Float]), Tensor(Float(1))).shape == [0, 2])
    #expect(try result("Add", [:], Tensor(Float(2)), Tensor(Float(1))).floats == [3])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("Add", [:], Tensor.counting([2]), .counting([3])) }
    #expect(throws: OperatorError.self) { try result("Add", [:], Tensor.counting([2]), .integers(1, 2)) }
    #expect(throws: OperatorError.self) { try result("Add", [:], Tensor(true), Tensor(true)) }
  }
}
