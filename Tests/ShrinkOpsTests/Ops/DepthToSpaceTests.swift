import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct DepthToSpaceTests {
  private static let interleaved: [String: Attribute.Value] = [
    "blocksize": .int(2), "mode": .string(Array("CRD".utf8)),
  ]

  @Test(arguments: ["DepthToSpace", "SpaceToDepth"], [["blocksize": .int(2)], interleaved])
  func obeysTheLaws(_ name: String, _ attributes: [String: Attribute.Value]) throws {
    let shape = name == "DepthToSpace" ? [2, 12, 3, 2] : [2, 3, 4, 6]
    try checkLaws(name, attributes, operands: [.random(shape)])
  }

  @Test func movesChannels() throws {
    let x = Tensor.counting([1, 4, 1, 2])
    let y = try result("DepthToSpace", ["blocksize": .int(2)], x)
    #expect(y.shape == [1, 1, 2, 4])
    #expect(y.floats == [0, 2, 1, 3, 4, 6, 5, 7])
    #expect(try result("SpaceToDepth", ["blocksize": .int(2)], y) == x)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) {
      try result("DepthToSpace", ["blocksize": .int(2)], Tensor.counting([1, 3, 2, 2]))
    }
    #expect(throws: OperatorError.self) {
      try result("SpaceToDepth", ["blocksize": .int(2)], Tensor.counting([1, 3, 3, 2]))
    }
    #expect(throws: OperatorError.self) { try result("SpaceToDepth", ["blocksize": .int(2)], Tensor.counting([4])) }
    #expect(throws: OperatorError.self) {
      try result("DepthToSpace", ["blocksize": .int(0)], Tensor.counting([1, 4, 1, 1]))
    }
  }
}
