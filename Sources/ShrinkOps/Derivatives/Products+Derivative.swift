import ShrinkGraph

extension MatMul: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (a, b) = (p.inputs[0], p.inputs[1])
    // A vector on either side counts as a matrix with one row or column.
    let (rows, columns) = (a.rank == 1 ? a.reshaped([1] + a.shape) : a, b.rank == 1 ? b.reshaped(b.shape + [1]) : b)
    var shape = try p.cotangent.shape
    if b.rank == 1 { shape.append(1) }
    if a.rank == 1 { shape.insert(1, at: shape.count - 1) }
    let g = try p.cotangent.reshaped(shape)
    var parts: [Tensor?] = [nil, nil]
    if p.wanted[0] {
      parts[0] = try p.reduced(p.apply("MatMul", [g, p.swapped(columns)]), to: rows.shape).reshaped(a.shape)
    }
    if p.wanted[1] {
      parts[1] = try p.reduced(p.apply("MatMul", [p.swapped(rows), g]), to: columns.shape).reshaped(b.shape)
    }
    return Gradients(parts)
  }
}

extension Gemm: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, a, b) = (try p.cotangent, p.inputs[0], p.inputs[1])
    var parts = [Tensor?](repeating: nil, count: p.inputs.count)
    if p.wanted[0] {
      let alpha = Attribute("alpha", .float(factors.product))
      parts[0] =
        transposeA
        ? try p.apply("Gemm", [b, g], [alpha, .flag("transA", transposeB), .flag("transB", true)])
        : try p.apply("Gemm", [g, b], [alpha, .flag("transB", !transposeB)])
    }
    if p.wanted[1] {
      let alpha = Attribute("alpha", .float(factors.product))
      parts[1] =
        transposeB
        ? try p.apply("Gemm", [g, a], [alpha, .flag("transA", true), .flag("transB", transposeA)])
        : try p.apply("Gemm", [a, g], [alpha, .flag("transA", !transposeA)])
    }
    if let c = p.inputs.optional(2), p.wanted[2] {
      let beta = factors.bias
      parts[2] = try p.reduced(Elementwise.map(g) { (v: Float) in v * beta }, to: c.shape)
    }
    return Gradients(parts)
  }
}

/// What reaches the input of a convolution is the transposed convolution with the same weights, and the other way round.
extension Conv: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, x, w) = (try p.cotangent, p.inputs[0], p.inputs[1])
    guard !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let placed = try window.placed(on: Array(x.shape.dropFirst(2)), taps: Array(w.shape.dropFirst(2)))
    let (axes, pads) = (0..<placed.rank, zip(placed.padsBegin, placed.padsEnd))
    let reach = zip(axes, pads).map { axis, pads in
      (placed.output[axis] - 1) * placed.strides[axis] + placed.extent(axis) - pads.0 - pads.1
    }
    let missing = zip(placed.input, reach).map { $0 - $1 }
    return Gradients(
      [
        try p.apply("ConvTranspose", [g, w], placed.attributes(group: group) + [.sizes("output_padding", missing)])
      ] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}

extension ConvTranspose: Differentiable {
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let (g, x, w) = (try p.cotangent, p.inputs[0], p.inputs[1])
    guard !p.wanted.dropFirst().contains(true) else { throw .noDerivative }
    let placed = try place(on: Array(x.shape.dropFirst(2)), taps: Array(w.shape.dropFirst(2)))
    let full = try p.apply("Conv", [g, w], placed.attributes(group: group))
    guard full.shape == x.shape else { throw .noDerivative }
    return Gradients([full] + [Tensor?](repeating: nil, count: p.inputs.count - 1))
  }
}

extension PlacedWindow {
  fileprivate func attributes(group: Int) -> [Attribute] {
    [
      .sizes("strides", strides), .sizes("dilations", dilations), .sizes("pads", padsBegin + padsEnd),
      Attribute("group", .int(Int64(group))),
    ]
  }
}

extension Attribute {
  fileprivate static func flag(_ name: String, _ isOn: Bool) -> Attribute { Attribute(name, .int(isOn ? 1 : 0)) }
  static func sizes(_ name: String, _ values: [Int]) -> Attribute { Attribute(name, .ints(values.map(Int64.init))) }
}

extension Pullback {
  /// The last two axes swapped.
  fileprivate func swapped(_ x: Tensor) throws(OperatorError) -> Tensor {
    let order = Array(0..<x.rank - 2) + [x.rank - 1, x.rank - 2]
    return try apply("Transpose", [x], [.sizes("perm", order)])
  }
}
