import ShrinkGraph

/// What Softmax and LogSoftmax share: exponentials over one axis, divided by their sum.
///
///   y = exp(x - m) / Σ exp(x - m)   or its logarithm   x - m - log Σ exp(x - m),   m = max x
struct NormalizedExponential: Sendable {
  let rule: AxisRule
  private let isLogarithm: Bool

  /// Reads `axis`.
  init(_ attributes: Attributes, isLogarithm: Bool) throws(OperatorError) {
    self.init(try AxisRule(attributes), isLogarithm: isLogarithm)
  }

  /// Over the axis of a rule.
  init(_ rule: AxisRule, isLogarithm: Bool) {
    self.rule = rule
    self.isLogarithm = isLogarithm
  }

  func infer(_ x: TensorType) throws(OperatorError) -> [TensorType] { try rule.infer(x) }

  func couple(_ c: inout Coupling) { rule.couple(&c) }

  func run(_ x: Tensor) throws(OperatorError) -> [Tensor] {
    switch x.dtype {
    case .float32: [try run(x, Float.self)]
    case .float64: [try run(x, Double.self)]
    default:
      try Conversion.wideningFloats(Operands([x])) { (x: Operands<Tensor>) throws(OperatorError) in try run(x[0]) }
    }
  }

  private func run<T: KernelElement>(_ x: Tensor, _ type: T.Type) throws(OperatorError) -> Tensor {
    try rule.map(x, type) { x, y, count, stride, width in
      if stride == 1 { contiguous(x, y, count) } else { strided(x, y, count, stride: stride, width: width) }
    }
  }

  private func contiguous<T: KernelElement>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int) {
    let highest = Reductions.maximum(x, count)
    y.update(from: x, count: count)
    let sum = T.exponentials(y, count, minus: highest)
    if isLogarithm {
      let shift = T.logarithm(sum)
      for i in 0..<count { y[i] = x[i] - highest - shift }
    } else {
      let factor = 1 / sum
      for i in 0..<count { y[i] *= factor }
    }
  }

  /// `width` lines side by side.
  private func strided<T: KernelElement>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ count: Int, stride: Int, width: Int
  ) {
    withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * width) { room in
      guard let highest = room.baseAddress else { return }
      let sums = highest + width
      highest.update(from: x, count: width)
      sums.update(repeating: 0, count: width)
      for i in 1..<max(1, count) {
        let row = x + i * stride
        for k in 0..<width { highest[k] = row[k] > highest[k] || row[k] != row[k] ? row[k] : highest[k] }
      }
      for i in 0..<count {
        let (from, to) = (x + i * stride, y + i * stride)
        for k in 0..<width { to[k] = from[k] - highest[k] }
        _ = T.exponentials(to, width, minus: 0)
        for k in 0..<width { sums[k] += to[k] }
      }
      if isLogarithm {
        for k in 0..<width { sums[k] = T.logarithm(sums[k]) }
        for i in 0..<count {
          let (from, to) = (x + i * stride, y + i * stride)
          for k in 0..<width { to[k] = from[k] - highest[k] - sums[k] }
        }
      } else {
        for k in 0..<width { sums[k] = 1 / sums[k] }
        for i in 0..<count { for k in 0..<width { y[i * stride + k] *= sums[k] } }
      }
    }
  }
}
