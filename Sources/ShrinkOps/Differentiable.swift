import ShrinkGraph

/// An operator whose derivative is known.
package protocol Differentiable: Operator {
  /// Gradients of the operands from those of the results (the vector-Jacobian product).
  func pullback(_ p: Pullback) throws(OperatorError) -> Gradients
}

/// Gradients that one node hands on.
package struct Gradients {
  /// One entry an operand, of its shape; nil where none reaches it.
  package var operands: [Tensor?]
  /// Where no result shows what a linear map inside makes: the gradient of its outputs, positions × outputs, by its
  /// position among the operator's readings.
  package var hidden: [Int: Tensor]

  init(_ operands: [Tensor?], hidden: [Int: Tensor] = [:]) { (self.operands, self.hidden) = (operands, hidden) }
}

/// What an operator's derivative is worked out from: one node of a run, in float32.
package struct Pullback {
  /// The operands.
  package let inputs: Operands<Tensor>
  /// The results.
  package let outputs: [Tensor]
  /// The gradient of each result; nil where nothing depends on it.
  package let cotangents: [Tensor?]
  /// Which operands need a gradient: those that are no constants.
  package let wanted: [Bool]

  /// Collects a node.
  package init(inputs: Operands<Tensor>, outputs: [Tensor], cotangents: [Tensor?], wanted: [Bool]) {
    (self.inputs, self.outputs, self.cotangents, self.wanted) = (inputs, outputs, cotangents, wanted)
  }

  /// The gradient of the first result.
  ///
  /// Throws when that is not where the gradient comes from.
  var cotangent: Tensor {
    get throws(OperatorError) {
      guard let first = cotangents.first, let g = first, !cotangents.dropFirst().contains(where: { $0 != nil }) else {
        throw .noDerivative
      }
      return g
    }
  }

  /// Applies an operator of ai.onnx at its newest version.
  func apply(
    _ name: String, _ operands: [Tensor?], _ attributes: [Attribute] = []
  ) throws(OperatorError) -> Tensor {
    let slots = operands.indices.map { operands[$0] == nil ? nil : ValueID($0) }
    let node = Node(name, inputs: slots, outputs: [ValueID(operands.count)], attributes: attributes)
    let results = try OperatorTable.make(node, opset: Self.newest).run(Operands(operands))
    guard let first = results.first else { throw .noDerivative }
    return first
  }

  private static let newest = 28

  /// Sums what was repeated by broadcasting.
  func reduced(_ g: Tensor, to shape: [Int]) throws(OperatorError) -> Tensor {
    guard g.shape != shape else { return g }
    let lead = g.shape.count - shape.count
    let axes = g.shape.indices.filter { $0 < lead || (shape[$0 - lead] == 1 && g.shape[$0] != 1) }
    guard !axes.isEmpty else { return g.reshaped(shape) }
    return try apply("ReduceSum", [g, Tensor(shape: [axes.count], axes.map(Int64.init))]).reshaped(shape)
  }

  /// g · f(x), element by element.
  @inline(__always)
  func scaled(_ g: Tensor, by x: Tensor, _ slope: (Float) -> Float) -> Gradients {
    Gradients([Broadcast.map(g, x, to: g.shape) { (g: Float, x: Float) in g * slope(x) }])
  }

  /// Gradients of an operator that only moves elements: each goes back to where the element came from.
  ///
  /// `data`: slots of the operands whose elements move; `run` applies the operator to elements that are numbered from 1.
  /// Zeros come from nowhere (padding).
  func moved(
    _ data: [Int], _ run: (Operands<Tensor>) throws(OperatorError) -> [Tensor]
  ) throws(OperatorError) -> Gradients {
    // A table that is a constant may be large.
    guard data.contains(where: { wanted[$0] }) else { return Gradients(none: inputs.count) }
    var items = inputs.items
    var starts: [Int] = []
    var total = 0
    for slot in data {
      let x = inputs[slot]
      starts.append(total)
      items[slot] = Tensor(shape: x.shape, (0..<x.count).map { Int64(total + $0 + 1) })
      total += x.count
    }
    var sums = [Float](repeating: 0, count: total)
    for (places, g) in zip(try run(Operands(items)), cotangents) {
      guard let g else { continue }
      places.withElements(Int64.self) { places in
        g.withElements(Float.self) { g in for i in g.indices where places[i] > 0 { sums[Int(places[i]) - 1] += g[i] } }
      }
    }
    var result = [Tensor?](repeating: nil, count: inputs.count)
    for (slot, start) in zip(data, starts) where wanted[slot] {
      let x = inputs[slot]
      result[slot] = Tensor(shape: x.shape, Array(sums[start..<start + x.count]))
    }
    return Gradients(result)
  }
}

extension OperatorError {
  /// The derivative of this use is not worked out.
  static var noDerivative: OperatorError { .unsupported("its derivative") }
}

extension Gradients {
  /// None for any of `count` operands.
  package init(none count: Int) { self.init([Tensor?](repeating: nil, count: count)) }
}

extension Tensor {
  /// The sum with a tensor of the same shape; throws when the shapes differ.
  package func added(_ other: Tensor) throws(OperatorError) -> Tensor { try Arithmetic.add(self, other) }
}
