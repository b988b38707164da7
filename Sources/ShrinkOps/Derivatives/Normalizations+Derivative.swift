import ShrinkGraph
import ShrinkMath

extension BatchNormalization: Differentiable {
  /// By the running statistics, which are constants.
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard !isTraining, isSpatial, !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let (g, scale, variance) = (try p.cotangent, try p.inputs[1].parameters(), try p.inputs[4].parameters())
    let factor = zip(scale, variance).map { Float($0 / ($1 + Double(epsilon)).squareRoot()) }
    let shape = [factor.count] + [Int](repeating: 1, count: g.rank - 2)
    return Gradients([try p.apply("Mul", [g, Tensor(shape: shape, factor)]), nil, nil, nil, nil])
  }
}

extension LayerNormalization: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let (g, x) = (try p.cotangent, p.inputs[0])
    let first = axis < 0 ? axis + x.rank : axis
    let scaled = try p.apply("Mul", [g, p.inputs[1]])
    let dx = normalizationGradient(
      x, scaled, length: x.shape[first...].product, epsilon: Double(epsilon), isCentred: true)
    return Gradients([dx] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}

extension RMSNormalization: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let (g, x) = (try p.cotangent, p.inputs[0])
    let first = try Axes.position(axis, rank: x.rank)
    let scaled = try p.apply("Mul", [g, p.inputs[1]])
    return Gradients([
      normalizationGradient(
        x, scaled, length: x.shape[first...].product, epsilon: Double(epsilon), isCentred: false), nil,
    ])
  }
}

extension InstanceNormalization: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let (g, x) = (try p.cotangent, p.inputs[0])
    let scale = p.inputs[1].reshaped([x.shape[1]] + [Int](repeating: 1, count: x.rank - 2))
    let scaled = try p.apply("Mul", [g, scale])
    return Gradients([
      normalizationGradient(
        x, scaled, length: x.shape.dropFirst(2).product, epsilon: Double(epsilon), isCentred: true), nil, nil,
    ])
  }
}

extension GroupNormalization: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let (g, x) = (try p.cotangent, p.inputs[0])
    let each = x.shape[1] / groups
    let scales = try p.inputs[1].parameters().map { Float($0) }
    let channels = (0..<x.shape[1]).map { scales[isPerGroup ? $0 / each : $0] }
    let scale = Tensor(shape: [x.shape[1]] + [Int](repeating: 1, count: x.rank - 2), channels)
    let scaled = try p.apply("Mul", [g, scale])
    return Gradients([
      normalizationGradient(
        x, scaled, length: each * x.shape.dropFirst(2).product, epsilon: Double(epsilon), isCentred: true), nil, nil,
    ])
  }
}

/// The gradient of x̂ = (x − mean) / √(var + ε) over rows of `length` elements, from that of x̂:
/// (g − mean g − x̂ · mean(g x̂)) / √(var + ε); without centring the means of x and g stay away.
///
/// Source: Ba, Kiros and Hinton (arXiv 1607.06450).
private func normalizationGradient(
  _ x: Tensor, _ g: Tensor, length: Int, epsilon: Double, isCentred: Bool
) -> Tensor {
  Tensor(shape: x.shape, Float.self) { to in
    x.withElements(Float.self) { x in
      g.withElements(Float.self) { g in
        guard let to = to.baseAddress, length > 0 else { return }
        let out = Rows(to: to, x: x, g: g)
        Parallel.forEach(x.count / length, minimumChunk: max(1, parallelGrain / length)) { range in
          for row in range {
            out.fill(row * length..<(row + 1) * length, epsilon: epsilon, isCentred: isCentred)
          }
        }
      }
    }
  }
}

/// Carries the arrays into the bodies: each row is written by one.
private struct Rows: @unchecked Sendable {
  let to: UnsafeMutablePointer<Float>
  let x: UnsafeBufferPointer<Float>
  let g: UnsafeBufferPointer<Float>

  func fill(_ row: Range<Int>, epsilon: Double, isCentred: Bool) {
    let n = Double(row.count)
    let mean = isCentred ? row.reduce(0.0) { $0 + Double(x[$1]) } / n : 0
    let variance = row.reduce(0.0) { $0 + (Double(x[$1]) - mean) * (Double(x[$1]) - mean) } / n
    let inverse = 1 / (variance + epsilon).squareRoot()
    let gMean = isCentred ? row.reduce(0.0) { $0 + Double(g[$1]) } / n : 0
    let along = row.reduce(0.0) { $0 + Double(g[$1]) * (Double(x[$1]) - mean) } * inverse / n
    for i in row {
      to[i] = Float((Double(g[i]) - gMean - (Double(x[i]) - mean) * inverse * along) * inverse)
    }
  }
}

extension Softmax: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    Gradients([try rule.gradient(p.outputs[0], p.cotangent, isLogarithm: false)])
  }
}

extension LogSoftmax: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    Gradients([try rule.gradient(p.outputs[0], p.cotangent, isLogarithm: true)])
  }
}

extension NormalizedExponential {
  /// y (g − Σ g y), or g − exp(y) Σ g for logarithms.
  fileprivate func gradient(_ y: Tensor, _ g: Tensor, isLogarithm: Bool) throws(OperatorError) -> Tensor {
    let start = g.start(Float.self)
    defer { withExtendedLifetime((y, g)) {} }
    let first = y.start(Float.self)
    return try rule.map(y, Float.self) { line, to, count, stride, width in
      let offset = line - first
      for w in 0..<width {
        var sum: Float = 0
        for i in 0..<count {
          let at = i * stride + w
          sum += start[offset + at] * (isLogarithm ? 1 : line[at])
        }
        for i in 0..<count {
          let at = i * stride + w
          let g = start[offset + at]
          to[at] = isLogarithm ? g - Float.exponential(line[at]) * sum : line[at] * (g - sum)
        }
      }
    }
  }
}
