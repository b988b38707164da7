import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct PReluTests {
  static let slopes = [[], [1], [5], [4, 1], [3, 1, 1], [1, 3, 1, 1], [2, 1, 4, 1], [2, 3, 4, 5]]

  @Test(arguments: slopes) func obeysTheLaws(_ slope: [Int]) throws {
    try checkLaws("PRelu", operands: [.random([2, 3, 4, 5]), .random(slope)], constants: [1])
  }

  @Test(arguments: slopes) func scalesNegativeElements(_ shape: [Int]) throws {
    var rng = SplitMix64(seed: 4)
    let (x, slope) = (Tensor.random([2, 3, 4, 5], using: &rng), Tensor.random(shape, using: &rng))
    let (a, b) = (x.elements(Float.self), slope.elements(Float.self))
    let wanted = grid(x.shape).enumerated().map { i, p in
      a[i] < 0 ? a[i] * b[flat(p.suffix(shape.count), in: shape)] : a[i]
    }
    #expect(try NodeCase("PRelu", operands: [x, slope]).run()[0] == Tensor(shape: x.shape, wanted))
  }

  @Test func refusesWhatDoesNotFit() {
    for slope in [[2], [1, 1, 3]] {
      let operands = [[2, 3], slope].map { Tensor(shape: $0, repeating: Float(1)) }
      #expect(throws: OperatorError.self) { try NodeCase("PRelu", operands: operands).infer() }
    }
  }
}
