import Foundation
import ShrinkMath
import Testing

@Suite struct ElementChainTests {
  typealias Function = ElementChain.Function

  /// Each function of one operand with the same in Foundation.
  static let unary: [(Function, @Sendable (Double) -> Double)] = [
    (.linear(2, -0.5), { 2 * $0 - 0.5 }), (.clip(-1, 2), { min(max($0, -1), 2) }),
    (.leaky(0.1), { $0 < 0 ? $0 * 0.1 : $0 }),
    (.sigmoid, { 1 / (1 + exp(-$0)) }), (.tanh, { tanh($0) }), (.erf, { erf($0) }), (.exp, { exp($0) }),
    (.absolute, { abs($0) }), (.reciprocal, { 1 / $0 }), (.hardSwish, { $0 * min(max($0 / 6 + 0.5, 0), 1) }),
  ]

  private func run(_ chain: ElementChain, _ operands: [[Float]]) -> [[Float]] {
    let count = chain.dims.reduce(1, *)
    var results = chain.results.map { _ in [Float](repeating: .nan, count: count) }
    let inputs = operands.map { values in
      let copy = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
      copy.initialize(from: values, count: values.count)
      return copy
    }
    let outputs = results.map { _ in UnsafeMutablePointer<Float>.allocate(capacity: count) }
    defer { (inputs + outputs).forEach { $0.deallocate() } }
    chain.run(inputs.map { UnsafePointer($0) }, outputs)
    for i in results.indices { results[i] = Array(UnsafeBufferPointer(start: outputs[i], count: count)) }
    return results
  }

  @Test(arguments: unary.indices) func computesFunctions(_ index: Int) {
    let (function, wanted) = Self.unary[index]
    let x = (0..<3001).map { Float($0) / 100 - 15.003 }
    let chain = ElementChain(dims: [x.count], strides: [[1]], steps: [(function, 0, 0)], results: [1])
    let found = run(chain, [x])[0]
    for (value, y) in zip(x, found) {
      let exact = wanted(Double(value))
      #expect(abs(Double(y) - exact) <= 1e-6 * max(1, abs(exact)), "\(function) of \(value)")
    }
  }

  @Test func keepsInfinitiesAndWhatIsNotANumber() {
    let x: [Float] = [.nan, .infinity, -.infinity]
    func result(_ function: Function) -> [Float] {
      run(ElementChain(dims: [3], strides: [[1]], steps: [(function, 0, 0)], results: [1]), [x])[0]
    }
    for (function, _) in Self.unary { #expect(result(function)[0].isNaN, "\(function)") }
    #expect(Array(result(.exp)[1...]) == [.infinity, 0])
    #expect(Array(result(.sigmoid)[1...]) == [1, 0])
    #expect(Array(result(.clip(0, .infinity))[1...]) == [.infinity, 0])
    #expect(result(.tanh)[1...].map { $0.rounded() } == [1, -1])
  }

  @Test func repeatsAlongStridesOfZero() {
    var random = Random(seed: 2)
    let (a, b) = (random.floats(6), random.floats(1200))
    // a[i] · b[i, j] + a[i], and the product besides, over 6 × 200.
    let chain = ElementChain(
      dims: [6, 200], strides: [[1, 0], [200, 1]], steps: [(.multiply, 0, 1), (.add, 2, 0)], results: [3, 2])
    let found = run(chain, [a, b])
    let product = b.indices.map { a[$0 / 200] * b[$0] }
    #expect(found[1] == product)
    #expect(largestDifference(found[0], product.indices.map { product[$0] + a[$0 / 200] }) < 1e-6)
  }

  @Test func readsTransposedOperands() {
    let x = (0..<12).map(Float.init)
    let chain = ElementChain(dims: [4, 3], strides: [[1, 4]], steps: [(.linear(1, 0), 0, 0)], results: [1])
    #expect(run(chain, [x])[0] == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
  }

  @Test func averagesPositions() {
    var random = Random(seed: 5)
    let (images, positions, channels) = (3, 7, 70)
    let x = random.floats(images * positions * channels)
    var y = [Float](repeating: 0, count: images * channels)
    PositionMean.run(x, &y, images: images, positions: positions, channels: channels)
    let wanted = y.indices.map { i in
      (0..<positions).reduce(Float(0)) { $0 + x[(i / channels * positions + $1) * channels + i % channels] } / 7
    }
    #expect(largestDifference(y, wanted) < 1e-6)
  }
}
