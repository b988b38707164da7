import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct SkipNormalizationTests {
  @Test(arguments: [[2, 3, 8], [1, 3, 8], [3, 8]]) func obeysTheLaws(_ skip: [Int]) throws {
    for outputs in 1...4 {
      try checkLaws(
        "SkipLayerNormalization", domain: "com.microsoft", opset: 1, outputs: outputs,
        operands: [.random([2, 3, 8]), .random(skip), .random([8]), .absent, .random([8])])
      try checkLaws(
        "SkipSimplifiedLayerNormalization", domain: "com.microsoft", opset: 1, outputs: outputs,
        operands: [.random([2, 3, 8]), .random(skip), .random([8]), .random([8])])
    }
  }

  @Test func normalizesTheSum() throws {
    var rng = SplitMix64(seed: 4)
    let x = Tensor.random([2, 3, 8], using: &rng), skip = Tensor.random([1, 3, 8], using: &rng)
    let rows = (0..<3).map { _ in Tensor.random([8], using: &rng) }
    let sum = try result("Add", result("Add", x, skip), rows[2])
    let options: [String: Attribute.Value] = ["epsilon": .float(1e-3)]
    let found = try contributed("SkipLayerNormalization", outputs: 4, options, [x, skip] + rows)
    #expect(found == (try results("LayerNormalization", outputs: 3, options, sum, rows[0], rows[1])) + [sum])
    let plain = try contributed("SkipSimplifiedLayerNormalization", outputs: 4, options, [x, skip, rows[0], rows[2]])
    let wanted = try results("SimplifiedLayerNormalization", outputs: 2, options, sum, rows[0])
    #expect([plain[0], plain[2], plain[3]] == wanted + [sum])
  }

  @Test func takesHalfPrecision() throws {
    let x = try result("Cast", ["to": .int(10)], .counting([2, 4]))
    let row = try result("Cast", ["to": .int(10)], .counting([4]))
    let found = try contributed("SkipLayerNormalization", outputs: 4, [x, x, row])
    #expect(found.map(\.dtype) == [.float16, .float32, .float32, .float16])
    #expect(try result("Cast", ["to": .int(1)], found[3]).floats == [0, 2, 4, 6, 8, 10, 12, 14])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([2, 3, 4]), row = Tensor.counting([4])
    refuses(.malformedModel, "SkipLayerNormalization", [x, .counting([2, 1, 4]), row])
    refuses(.malformedModel, "SkipLayerNormalization", [row, row, row])
    refuses(.malformedModel, "SkipLayerNormalization", [x, x, .counting([3])])
    refuses(.malformedModel, "SkipLayerNormalization", outputs: 5, [x, x, row])
    refuses(.malformedModel, "SkipSimplifiedLayerNormalization", [x, x, row, row, row])
    refuses(.malformedModel, "SkipLayerNormalization", [x, x, Tensor.integers(1, 2, 3, 4)])
  }
}
