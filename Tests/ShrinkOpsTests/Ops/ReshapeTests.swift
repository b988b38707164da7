import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ReshapeTests {
  private func check(_ shape: [Int], _ target: [Int64], removesSomething: Bool = true) throws {
    try checkLaws(
      "Reshape", operands: [.random(shape), .tensor(Tensor(shape: [target.count], target))], constants: [1],
      removesSomething: removesSomething)
  }

  @Test(
    arguments: [
      ([2, 3, 4, 5], [2, 60]), ([2, 3, 4, 5], [0, -1]), ([2, 3, 4, 5], [6, 4, 5]), ([2, 12], [2, 3, 4]),
      ([2, 12], [0, 3, -1]), ([2, 5, 12], [0, 0, 3, 4]), ([2, 5, 12], [10, 12]), ([2, 6, 1, 1], [2, 6]),
      ([6], [1, 6, 1, 1]), ([1, 6, 6], [6, 0]), ([2, 8, 3, 3], [2, 2, 4, 3, 3]), ([4, 6], [6, 4]),
      ([2, 4, 6], [2, 6, 4]),
    ] as [([Int], [Int64])])
  func obeysTheLaws(_ shape: [Int], _ target: [Int64]) throws {
    try check(shape, target, removesSomething: (shape, target) != ([4, 6], [6, 4]))
  }

  @Test func namesWhatIsJoined() throws {
    let node = NodeCase("Reshape", operands: [.counting([2, 3, 4]), .integers(2, 12)], constants: [1])
    var c = Coupling(inputs: node.types, outputs: try node.infer())
    try node.make().couple(&c)
    let wanted: Set<Port> = [.input(0, 0), .output(0, 0), .input(0, 1), .input(0, 2), .output(0, 1)]
    #expect(c.named == wanted)
    func factors(_ port: Port) -> [Coupling.Factor] { c.products.first { $0.port == port }?.factors ?? [] }
    #expect(factors(.output(0, 1)).map(\.size) == [3, 4])
    #expect(factors(.output(0, 1)) == factors(.input(0, 1)) + factors(.input(0, 2)))
  }

  @Test func namesNothingWithoutAKnownTarget() throws {
    let node = NodeCase("Reshape", operands: [.counting([2, 3]), .integers(3, 2)])
    #expect(throws: OperatorError.self) { try node.infer() }
    var c = Coupling(inputs: node.types, outputs: [TensorType(.float32, [2, 3])])
    try node.make().couple(&c)
    #expect(c.named.isEmpty)
  }

  @Test func sharesStorage() throws {
    let x = Tensor.counting([2, 3])
    let y = try result("Reshape", [:], x, .integers(3, -1))
    #expect(y.shape == [3, 2])
    #expect(y.storage === x.storage)
  }

  @Test func readsZeros() throws {
    let empty = Tensor(shape: [0, 4], [] as [Float])
    #expect(try result("Reshape", [:], empty, .integers(0, 2, 2)).shape == [0, 2, 2])
    #expect(try result("Reshape", ["allowzero": .int(1)], empty, .integers(4, 0)).shape == [4, 0])
  }

  @Test(arguments: [[4], [-1, 4], [-1, -1], [2, 3, 0], [-2, -3], [1 << 62, 8], [0, 0, 0]] as [[Int64]])
  func refusesWhatDoesNotFit(_ target: [Int64]) {
    #expect(throws: OperatorError.self) {
      try result("Reshape", [:], Tensor.counting([2, 3]), Tensor(shape: [target.count], target))
    }
  }
}
