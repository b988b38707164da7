import ShrinkGraph

/// An operator that only moves elements of some operands: the derivative sends each gradient back to where its element
/// came from.
protocol MovesElements: Differentiable {
  /// Slots of the operands whose elements move.
  func moving(_ inputs: Operands<Tensor>) -> [Int]
}

extension MovesElements {
  func moving(_ inputs: Operands<Tensor>) -> [Int] { [0] }
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients { try p.moved(moving(p.inputs), run) }
}

extension Concat: MovesElements {
  func moving(_ inputs: Operands<Tensor>) -> [Int] { Array(inputs.items.indices) }
}
extension DepthToSpace: MovesElements {}
extension Expand: MovesElements {}
extension Gather: MovesElements {}
extension GatherElements: MovesElements {}
extension GatherND: MovesElements {}
extension Slice: MovesElements {}
extension Split: MovesElements {}
extension Tile: MovesElements {}
extension Transpose: MovesElements {}

/// An operator that gives its operand another shape or nothing new at all.
protocol KeepsElements: Differentiable {}

extension KeepsElements {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    Gradients(
      [try p.cotangent.reshaped(p.inputs[0].shape)] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}

extension Flatten: KeepsElements {}
extension Identity: KeepsElements {}
extension Reshape: KeepsElements {}
extension Squeeze: KeepsElements {}
extension Unsqueeze: KeepsElements {}

extension Pad: Differentiable {
  /// Padding of every mode moves elements; that of mode `constant` comes from nowhere.
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    guard value == 0 else { throw .noDerivative }
    return try p.moved([0]) { (operands) throws(OperatorError) in
      try run(Operands(operands.items.enumerated().map { $0 == 2 ? nil : $1 }))
    }
  }
}

extension Where: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let g = try p.cotangent
    let zero = Tensor(shape: [], [Float(0)])
    var parts: [Tensor?] = [nil, nil, nil]
    for slot in 1...2 where p.wanted[slot] {
      let part = try p.apply("Where", [p.inputs[0], slot == 1 ? g : zero, slot == 1 ? zero : g])
      parts[slot] = try p.reduced(part, to: p.inputs[slot].shape)
    }
    return Gradients(parts)
  }
}
