import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct FusedMatMulTests {
  private static func flags(_ a: Int, _ b: Int, batch: Int = 0) -> [String: Attribute.Value] {
    [
      "transA": .int(Int64(a)), "transB": .int(Int64(b)), "alpha": .float(0.5), "transBatchA": .int(Int64(batch)),
      "transBatchB": .int(Int64(batch)),
    ]
  }

  @Test(arguments: [(0, 0), (0, 1), (1, 0), (1, 1)]) func obeysTheLaws(_ a: Int, _ b: Int) throws {
    let left = a == 0 ? [3, 4] : [4, 3], right = b == 0 ? [4, 5] : [5, 4]
    for weight in [Set([1]), []] {
      try checkLaws(
        "FusedMatMul", domain: "com.microsoft", opset: 1, Self.flags(a, b), operands: [.random(left), .random(right)],
        constants: weight, isLinear: a == 0)
      try checkLaws(
        "FusedMatMul", domain: "com.microsoft", opset: 1, Self.flags(a, b),
        operands: [.random([2] + left), .random(right)], constants: weight, isLinear: a == 0)
    }
    try checkLaws(
      "FusedMatMul", domain: "com.microsoft", opset: 1, Self.flags(a, b),
      operands: [.random([2] + left), .random([2] + right)], isLinear: false)
  }

  @Test func movesTheFirstAxis() throws {
    var rng = SplitMix64(seed: 4)
    let a = Tensor.random([3, 2, 5, 4], using: &rng), b = Tensor.random([4, 2, 5, 6], using: &rng)
    let moved = try [a, b].map { try result("Transpose", ["perm": .ints([1, 2, 0, 3])], $0) }
    let wanted = try result("Mul", result("MatMul", moved[0], moved[1]), Tensor(Float(0.5)))
    #expect(try contributed("FusedMatMul", Self.flags(0, 0, batch: 1), [a, b]) == [wanted])
    try checkLaws(
      "FusedMatMul", domain: "com.microsoft", opset: 1, Self.flags(0, 0, batch: 1),
      operands: [.random([3, 2, 5, 4]), .random([4, 2, 5, 6])])
  }

  @Test func refusesWhatDoesNotFit() {
    refuses(.malformedModel, "FusedMatMul", [.counting([2, 3]), .counting([2, 3])])
    refuses(.unsupportedOperator, "FusedMatMul", ["transA": .int(1)], [.counting([3, 3]), .counting([3])])
    refuses(.unsupportedOperator, "FusedMatMul", [Tensor.integers(1), Tensor.integers(1)])
  }
}
