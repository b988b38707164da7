import ShrinkGraph
import ShrinkMath

extension MaxPool: Differentiable {
  /// To the place of the greatest element of each window, the first of equals.
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, x) = (try p.cotangent, p.inputs[0])
    return Gradients([
      try pooling.spread(g, over: x) { image, reads, _, add in
        var best = -1
        for read in reads where read >= 0 && (best < 0 || image[read] > image[best]) { best = read }
        if best >= 0 { add(best, 1) }
      }
    ])
  }
}

extension AveragePool: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, x) = (try p.cotangent, p.inputs[0])
    let (placed, countsPads) = (try pooling.place(x.shape), countsPads)
    return Gradients([
      try pooling.spread(g, over: x) { _, reads, stop, add in
        let count = countsPads ? placed.paddedTaps(at: stop) : reads.count { $0 >= 0 }
        for read in reads where read >= 0 { add(read, 1 / Float(max(count, 1))) }
      }
    ])
  }
}

extension WindowPooling {
  /// Adds for each window multiples of its gradient to elements of the plane; `body` says which.
  fileprivate func spread(
    _ g: Tensor, over x: Tensor,
    _ body: (UnsafePointer<Float>, UnsafeBufferPointer<Int>, Int, (Int, Float) -> Void) -> Void
  ) throws(OperatorError) -> Tensor {
    let placed = try place(x.shape)
    let (plane, stops, planes) = (placed.input.product, placed.output.product, x.shape[0] * x.shape[1])
    var sums = [Float](repeating: 0, count: x.count)
    x.withElements(Float.self) { x in
      g.withElements(Float.self) { g in
        guard let from = x.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, placed.taps)) { reads in
          guard let base = reads.baseAddress else { return }
          for stop in 0..<stops {
            placed.reads(at: stop, into: base)
            for image in 0..<planes {
              let share = g[image * stops + stop]
              guard share != 0 else { continue }
              body(from + image * plane, UnsafeBufferPointer(reads), stop) { sums[image * plane + $0] += $1 * share }
            }
          }
        }
      }
    }
    return Tensor(shape: x.shape, sums)
  }
}

extension GlobalAveragePool: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let x = p.inputs[0]
    let share = Tensor(shape: [], [1 / Float(max(1, x.shape.dropFirst(2).product))])
    let g = try p.apply("Mul", [p.cotangent, share])
    return Gradients([try p.apply("Expand", [g, Tensor(shape: [x.rank], x.shape.map(Int64.init))])])
  }
}

extension GlobalMaxPool: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (x, y) = (p.inputs[0], p.outputs[0])
    let mask = Broadcast.map(x, y, to: x.shape) { (x: Float, y: Float) -> Float in x == y ? 1 : 0 }
    return Gradients([try p.apply("Mul", [mask, p.cotangent])])
  }
}

extension Reduce: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let x = p.inputs[0]
    let reduced = try axes(p.inputs.types)
    let shape = Reduction.shape(x.shape, reduced, keepsAxes: true)
    let (g, y) = (try p.cotangent.reshaped(shape), p.outputs[0].reshaped(shape))
    let count = Float(reduced.reduce(1) { $0 * x.shape[$1] })
    let slope: Tensor
    switch function {
    case .sum: slope = Tensor(shape: x.shape, repeating: Float(1))
    case .mean: slope = Tensor(shape: x.shape, repeating: 1 / count)
    case .l1: slope = Elementwise.map(x) { (v: Float) -> Float in v > 0 ? 1 : v < 0 ? -1 : 0 }
    case .l2: slope = Broadcast.map(x, y, to: x.shape) { (x: Float, y: Float) in y == 0 ? 0 : x / y }
    case .sumSquare: slope = Elementwise.map(x) { (v: Float) in 2 * v }
    case .max, .min: slope = Broadcast.map(x, y, to: x.shape) { (x: Float, y: Float) -> Float in x == y ? 1 : 0 }
    case .logSumExp: slope = Broadcast.map(x, y, to: x.shape) { (x: Float, y: Float) in Float.exponential(x - y) }
    case .logSum: slope = Broadcast.map(x, y, to: x.shape) { (_: Float, y: Float) in Float.exponential(-y) }
    case .product: throw .noDerivative
    }
    return Gradients([try p.apply("Mul", [slope, g])] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}

extension PRelu: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard !p.wanted[1] else { throw .noDerivative }
    let (g, x) = (try p.cotangent, p.inputs[0])
    let slope = p.inputs[1].reshaped(aligned(p.inputs[1].shape, to: x.shape))
    let factor = Broadcast.map(x, slope, to: x.shape) { (x: Float, a: Float) in x < 0 ? a : 1 }
    return Gradients([try p.apply("Mul", [g, factor]), nil])
  }
}

extension Cast: Differentiable {
  /// Between floating-point types; integers carry no gradient.
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    Gradients([try p.cotangent] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}
