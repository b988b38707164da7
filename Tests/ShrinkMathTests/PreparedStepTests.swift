import Foundation
import ShrinkMath
import Testing

@Suite struct PreparedStepTests {
  /// A convolution of some kind that oneDNN has a routine of its own for.
  struct Shape: Sendable, CustomStringConvertible {
    let inputs: Int, outputs: Int, groups: Int, kernel: Int, length: Int
    var description: String { "\(inputs) to \(outputs) in \(groups), kernel \(kernel), \(length) × \(length)" }
  }
  static let shapes = [
    Shape(inputs: 16, outputs: 16, groups: 1, kernel: 3, length: 8),
    Shape(inputs: 24, outputs: 20, groups: 1, kernel: 1, length: 5),
    Shape(inputs: 20, outputs: 20, groups: 20, kernel: 3, length: 6),
    Shape(inputs: 1, outputs: 16, groups: 1, kernel: 3, length: 8),
    Shape(inputs: 6, outputs: 9, groups: 3, kernel: 3, length: 4),
  ]
  static let posts: [(PostOperation, @Sendable (Float, Float) -> Float)] = {
    let channels = { (count: Int) in StridedLayout(dims: [1, count, 1, 1], strides: [count, 1, count, count]) }
    return [
      (.relu(0), { x, _ in max(x, 0) }), (.relu(0.1), { x, _ in x > 0 ? x : 0.1 * x }),
      (.clip(0, 6), { x, _ in min(max(x, 0), 6) }), (.linear(1.3, 0.7), { x, _ in 1.3 * x + 0.7 }),
      (.linear(-0.5, 0.2), { x, _ in -0.5 * x + 0.2 }), (.sigmoid, { x, _ in 1 / (1 + expf(-x)) }),
      (.tanh, { x, _ in tanhf(x) }), (.hardSwish, { x, _ in x * min(max(x + 3, 0), 6) / 6 }),
      (.swish, { x, _ in x / (1 + expf(-x)) }), (.gelu, { x, _ in x * 0.5 * (1 + erff(x * 0.70710678)) }),
      (.add(channels(0)), { x, o in x + o }), (.multiply(channels(0)), { x, o in x * o }),
    ]
  }()

  /// Every pair of functions that may stand together, behind every kind of convolution: wrong pairs exist in oneDNN 2.6.
  @Test(arguments: shapes) func fusesPairsOfFunctions(_ shape: Shape) throws {
    var random = Random(seed: 1)
    let rows = 2 * shape.length * shape.length
    let x = random.floats(rows * shape.inputs).map { $0 * 2 }
    let w = random.floats(shape.outputs * shape.inputs / shape.groups * shape.kernel * shape.kernel)
    let (bias, operand) = (random.floats(shape.outputs), random.floats(shape.outputs))
    let plain = try convolve(shape, x, w, bias, [], operand)
    #expect(largestDifference(plain, naive(shape, x, w, bias)) < 1e-4)
    for (first, f) in Self.posts {
      for (second, g) in Self.posts where first.goesWith(second) {
        let found = try convolve(shape, x, w, bias, [first, second].map { on($0, shape.outputs) }, operand)
        let wanted = plain.enumerated().map { i, value in
          let o = operand[i % shape.outputs]
          return g(f(value, o), o)
        }
        let scale = wanted.reduce(Float(1)) { max($0, abs($1)) }
        #expect(largestDifference(found, wanted) < 1e-4 * scale, "\(first), \(second)")
      }
    }
  }

  @Test func refusesTwoSetsOfNumbers() {
    #expect(!PostOperation.relu(0).goesWith(.relu(0.1)) && PostOperation.relu(0.1).goesWith(.relu(0.1)))
    #expect(!PostOperation.linear(1, 2).goesWith(.linear(2, 1)) && PostOperation.linear(1, 2).goesWith(.clip(0, 1)))
  }

  private func on(_ post: PostOperation, _ channels: Int) -> PostOperation {
    let layout = StridedLayout(dims: [1, channels, 1, 1], strides: [channels, 1, channels, channels])
    switch post {
    case .add: return .add(layout)
    case .multiply: return .multiply(layout)
    default: return post
    }
  }

  private func convolve(
    _ s: Shape, _ x: [Float], _ w: [Float], _ bias: [Float], _ posts: [PostOperation], _ operand: [Float]
  ) throws -> [Float] {
    let pad = s.kernel / 2
    let window = try Window(strides: [1, 1], dilations: [1, 1], padsBegin: [pad, pad], padsEnd: [pad, pad])
    let step = try PreparedStep(
      convolution: window, batch: 2, groups: s.groups, input: [s.length, s.length], output: [s.length, s.length],
      kernel: [s.kernel, s.kernel], channels: (s.inputs, s.outputs), weights: w, bias: bias, posts: posts)
    let extra = posts.count { if case .add = $0 { true } else if case .multiply = $0 { true } else { false } }
    return try run(step, [x], 2 * s.length * s.length * s.outputs, Array(repeating: operand, count: extra))
  }

  /// Runs a step on operands, its result, and what its posts read.
  private func run(
    _ step: PreparedStep, _ operands: [[Float]], _ count: Int, _ others: [[Float]] = []
  ) throws -> [Float] {
    let all = (operands + [[Float](repeating: .nan, count: count)] + others).map { values in
      let copy = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
      copy.initialize(from: values, count: values.count)
      return copy
    }
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: step.scratchBytes + 64, alignment: 64)
    defer {
      all.forEach { $0.deallocate() }
      scratch.deallocate()
    }
    try step.run(all.map { UnsafeMutableRawPointer($0) }, scratch: scratch)
    return Array(UnsafeBufferPointer(start: all[operands.count], count: count))
  }

  /// Channels last on both sides.
  private func naive(_ s: Shape, _ x: [Float], _ w: [Float], _ bias: [Float]) -> [Float] {
    let (n, pad, per) = (s.length, s.kernel / 2, s.inputs / s.groups)
    var y: [Float] = []
    for image in 0..<2 {
      for place in 0..<n * n {
        for o in 0..<s.outputs {
          var sum = bias[o]
          for c in 0..<per {
            for tap in 0..<s.kernel * s.kernel {
              let (i, j) = (place / n + tap / s.kernel - pad, place % n + tap % s.kernel - pad)
              guard (0..<n).contains(i), (0..<n).contains(j) else { continue }
              let channel = o / (s.outputs / s.groups) * per + c
              sum += w[(o * per + c) * s.kernel * s.kernel + tap] * x[((image * n + i) * n + j) * s.inputs + channel]
            }
          }
          y.append(sum)
        }
      }
    }
    return y
  }

  @Test func multipliesStridedMatrices() throws {
    // Two batches of two heads: A is [batch, rows, head, k] seen as [batch, head, rows, k]; B likewise, transposed.
    var random = Random(seed: 4)
    let (rows, k) = (5, 3)
    let (a, b) = (random.floats(2 * rows * 2 * k), random.floats(2 * rows * 2 * k))
    let left = StridedLayout(dims: [2, 2, rows, k], strides: [rows * 2 * k, k, 2 * k, 1])
    let right = StridedLayout(dims: [2, 2, k, rows], strides: [rows * 2 * k, k, 1, 2 * k])
    let result = StridedLayout(dense: [2, 2, rows, rows])
    let step = try PreparedStep(product: left, right, result, elements: nil, bias: nil, posts: [])
    let found = try run(step, [a, b], 2 * 2 * rows * rows)
    var wanted: [Float] = []
    for batch in 0..<2 {
      for head in 0..<2 {
        for i in 0..<rows {
          for j in 0..<rows {
            wanted.append(
              (0..<k).reduce(Float(0)) { sum, t in
                sum + a[((batch * rows + i) * 2 + head) * k + t] * b[((batch * rows + j) * 2 + head) * k + t]
              })
          }
        }
      }
    }
    #expect(largestDifference(found, wanted) < 1e-5)
  }

  @Test func normalisesRows() throws {
    var random = Random(seed: 6)
    let (x, scale, shift) = (random.floats(4 * 10), random.floats(10), random.floats(10))
    let softmax = try run(try PreparedStep(softmaxOf: 4, width: 10), [x], 40)
    let norm = try run(try PreparedStep(layerNormOf: 4, epsilon: 1e-3, scale: scale, shift: shift), [x], 40)
    for row in 0..<4 {
      let values = x[row * 10..<row * 10 + 10]
      let sum = values.reduce(0) { $0 + expf($1) }
      let mean = values.reduce(0, +) / 10
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10
      for i in 0..<10 {
        let value = x[row * 10 + i]
        #expect(abs(softmax[row * 10 + i] - expf(value) / sum) < 1e-6)
        let wanted = (value - mean) / (variance + 1e-3).squareRoot() * scale[i] + shift[i]
        #expect(abs(norm[row * 10 + i] - wanted) < 1e-5)
      }
    }
  }

  @Test func changesLayouts() throws {
    let x = (0..<24).map(Float.init)
    let step = try PreparedStep(
      reorder: StridedLayout(dense: [2, 3, 4]), to: StridedLayout(dims: [2, 3, 4], strides: [12, 1, 3]))
    let found = try run(step, [x], 24)
    #expect(found[..<6] == [0, 4, 8, 1, 5, 9])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: MathError.self) {
      try PreparedStep(
        product: StridedLayout(dense: [2, 3]), StridedLayout(dense: [4, 5]), StridedLayout(dense: [2, 5]),
        elements: nil, bias: nil, posts: [])
    }
  }
}
