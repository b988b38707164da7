import ShrinkGraph

extension Resample: Differentiable {
  /// Resampling is linear: each gradient goes back over the taps that its element was made of.
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard constant == 0 else { throw .noDerivative }
    guard let filter else { return try p.moved([0], run) }
    var g = try p.cotangent
    for (axis, place) in try resampled(p.inputs[0].shape, p.inputs).enumerated() {
      let taps = place.taps(transformation, filter)
      if !taps.isIdentity { g = taps.spread(g, axis: axis) }
    }
    return Gradients([g] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}

extension AxisTaps {
  /// The transposed map: what each element of the result gives back to those that it was made of.
  fileprivate func spread(_ g: Tensor, axis: Int) -> Tensor {
    var shape = g.shape
    shape[axis] = input
    let inner = shape[(axis + 1)...].reduce(1, *)
    var sums = [Float](repeating: 0, count: shape.reduce(1, *))
    g.withElements(Float.self) { g in
      for image in 0..<g.count / max(1, output * inner) {
        for place in 0..<output where !outside.contains(place) {
          for tap in 0..<count {
            let weight = Float(weights[place * count + tap])
            guard weight != 0 else { continue }
            let (to, from) = ((image * input + indices[place * count + tap]) * inner, (image * output + place) * inner)
            for i in 0..<inner { sums[to + i] += weight * g[from + i] }
          }
        }
      }
    }
    return Tensor(shape: shape, sums)
  }
}
