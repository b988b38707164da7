import ShrinkGraph

extension Clip: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let g = try p.cotangent
    let mask = Broadcast.map(p.inputs[0], p.outputs[0], to: g.shape) { (x: Float, y: Float) -> Float in x == y ? 1 : 0 }
    return Gradients([try p.apply("Mul", [g, mask]), nil, nil])
  }
}
