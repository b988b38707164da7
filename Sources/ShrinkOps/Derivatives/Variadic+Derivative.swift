import ShrinkGraph

extension Variadic: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, y) = (try p.cotangent, p.outputs[0])
    var parts: [Tensor?] = []
    for (slot, x) in p.inputs.items.enumerated() {
      guard let x, p.wanted[slot] else {
        parts.append(nil)
        continue
      }
      let part: Tensor
      switch function {
      case .sum: part = g
      case .mean:
        let share = 1 / Float(p.inputs.present.count)
        part = Elementwise.map(g) { (v: Float) in v * share }
      case .max, .min:
        let mask = Broadcast.map(y, x, to: y.shape) { (y: Float, x: Float) -> Float in x == y ? 1 : 0 }
        part = try p.apply("Mul", [g, mask])
      }
      parts.append(try p.reduced(part, to: x.shape))
    }
    return Gradients(parts)
  }
}
