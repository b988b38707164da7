import Foundation
import Testing

@testable import ShrinkOps

@Suite struct VectorMathTests {
  /// Values over the whole range, with a rest behind the last whole vector.
  private let x = (0..<1013).map { Float($0 - 506) / 5.3 } + [0, 1e-4, -1e-4, 0.6249, 0.6251]

  private func mapped(_ x: [Float], _ function: (VectorMath.Vector) -> VectorMath.Vector) -> [Float] {
    var x = x
    x.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { VectorMath.map(start, $0.count, function) } }
    return x
  }

  private func worst(_ found: [Float], _ wanted: (Double) -> Double) -> Double {
    zip(x, found).map { abs(Double($1) - wanted(Double($0))) / max(abs(wanted(Double($0))), 1e-37) }.max() ?? 1
  }

  @Test func isAccurate() {
    let bounded = x.map { min(max($0, -87), 88) }
    let exponentials = zip(bounded, mapped(bounded, VectorMath.exponential))
    #expect(exponentials.allSatisfy { abs(Double($1) - exp(Double($0))) <= 2e-7 * exp(Double($0)) })
    #expect(worst(mapped(x, VectorMath.tangent)) { tanh($0) } < 3e-7)
    let sigmoids = zip(bounded, mapped(bounded, VectorMath.sigmoid))
    #expect(sigmoids.allSatisfy { abs(Double($1) - 1 / (1 + exp(-Double($0)))) <= 3e-7 / (1 + exp(-Double($0))) })
  }

  @Test func keepsLimits() {
    let limits: [Float] = [-.infinity, .infinity, -200, 200]
    #expect(mapped(limits, VectorMath.exponential)[0] == 0)
    #expect(mapped(limits, VectorMath.exponential)[2] == 0)
    #expect(mapped(limits, VectorMath.tangent) == [-1, 1, -1, 1])
    #expect(mapped([.nan], VectorMath.exponential)[0].isNaN)
    #expect(mapped([.nan], VectorMath.tangent)[0].isNaN)
  }
}
