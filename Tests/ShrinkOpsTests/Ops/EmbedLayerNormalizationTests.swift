import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct EmbedLayerNormalizationTests {
  private static func ids(_ shape: [Int], below: Int) -> Tensor {
    Tensor(shape: shape, (0..<Tensor.count(shape)).map { Int32($0 * 5 % below) })
  }

  @Test func obeysTheLaws() throws {
    for outputs in 1...3 {
      try checkLaws(
        "EmbedLayerNormalization", domain: "com.microsoft", opset: 1, outputs: outputs,
        operands: [
          .tensor(Self.ids([3, 4], below: 6)), .tensor(Self.ids([3, 4], below: 2)), .random([6, 8]), .random([5, 8]),
          .random([2, 8]), .random([8]), .random([8]), .tensor(Self.ids([3, 4], below: 2)),
          .tensor(Self.ids([3, 4], below: 5)),
        ], constants: [2, 3, 4, 5, 6])
    }
  }

  @Test func addsAndNormalizes() throws {
    var rng = SplitMix64(seed: 4)
    let words = Tensor.random([6, 8], using: &rng), places = Tensor.random([5, 8], using: &rng)
    let scale = Tensor.random([8], using: &rng), shift = Tensor.random([8], using: &rng)
    let ids = Self.ids([2, 3], below: 6), mask = Tensor(shape: [2, 3], [1, 0, 1, 2, 1, 0] as [Int32])
    let found = try contributed(
      "EmbedLayerNormalization", outputs: 3, ["epsilon": .float(1e-4)],
      [ids, nil, words, places, nil, scale, shift, mask])
    let place = try result("Gather", places, Tensor.integers(0, 1, 2))
    let sum = try result("Add", result("Gather", words, ids), place)
    #expect(found[2] == sum)
    #expect(found[1] == Tensor(shape: [2], [2, 1] as [Int32]))
    #expect(found[0] == (try result("LayerNormalization", ["epsilon": .float(1e-4)], sum, scale, shift)))
  }

  @Test func refusesWhatDoesNotFit() {
    let ids = Self.ids([2, 3], below: 2), table = Tensor.counting([4, 5]), row = Tensor.counting([5])
    let name = "EmbedLayerNormalization"
    refuses(.malformedModel, name, [ids, nil, table, nil, nil, row, row])
    refuses(.malformedModel, name, [ids, ids, table, table, nil, row, row])
    refuses(.malformedModel, name, [ids, nil, table, .counting([4, 4]), nil, row, row])
    refuses(.malformedModel, name, [ids, nil, table, table, nil, row, .counting([4])])
    refuses(.malformedModel, name, [ids, nil, table, table, nil, row, row, .counting([2])])
    refuses(.badData, name, [Self.ids([2, 3], below: 6), nil, table, table, nil, row, row])
    refuses(.badData, name, [Self.ids([2, 5], below: 2), nil, table, table, nil, row, row])
  }
}
