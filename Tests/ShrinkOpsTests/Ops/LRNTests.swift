import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct LRNTests {
  @Test func obeysTheLaws() throws {
    try checkLaws("LRN", ["size": .int(3), "alpha": .float(0.5)], operands: [.random([2, 5, 3, 4])])
  }

  @Test(arguments: [1, 2, 3, 4, 9], [0.6, 0.75]) func dividesByTheNeighbours(_ size: Int, _ beta: Double) throws {
    var rng = SplitMix64(seed: 9)
    let x = Tensor.random([2, 5, 3], using: &rng)
    let y = try NodeCase(
      "LRN", ["size": .int(Int64(size)), "alpha": .float(0.7), "beta": .float(Float(beta)), "bias": .float(2)],
      operands: [x]
    ).run()[0]
    let values = x.doubles
    let wanted = grid(x.shape).map { p -> Float in
      let near = max(0, p[1] - (size - 1) / 2)...min(4, p[1] + size / 2)
      let sum = near.reduce(0.0) { $0 + pow(values[flat([p[0], $1, p[2]], in: x.shape)], 2) }
      return Float(values[flat(p, in: x.shape)] / pow(2 + 0.7 / Double(size) * sum, beta))
    }
    #expect(y.difference(from: Tensor(shape: x.shape, wanted)) == nil)
  }

  @Test func refusesAMissingSize() {
    #expect(throws: OperatorError.self) {
      try NodeCase("LRN", operands: [Tensor(shape: [1, 1], repeating: Float(1))]).infer()
    }
  }
}
