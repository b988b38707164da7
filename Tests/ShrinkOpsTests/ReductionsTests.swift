import Testing

@testable import ShrinkOps

@Suite struct ReductionsTests {
  @Test(arguments: [0, 1, 15, 16, 17, 40]) func agreesWithPlainLoops(_ count: Int) {
    let values = (0..<count).map { Float($0 * 13 % 7) - 3 }
    values.withUnsafeBufferPointer {
      guard let x = $0.baseAddress else { return }
      #expect(Reductions.sum(x, count) == values.reduce(0, +))
      #expect(Reductions.squares(x, count, around: 1) == values.reduce(0) { $0 + ($1 - 1) * ($1 - 1) })
      #expect(Reductions.maximum(x, count) == values.max() ?? -.infinity)
    }
  }
}
