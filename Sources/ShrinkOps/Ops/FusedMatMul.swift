import ShrinkGraph

/// alpha · op(A) op(B) over the last two axes, with op a transposition of the last two axes (transA), of the first axis with
/// all between it and the last (transBatchA, which comes first), or nothing.
package struct FusedMatMul: LinearOperator {
  package static let domain = "com.microsoft"
  package static let names = ["FusedMatMul"]
  package static let opsets = 1...1
  package static let inputs = 2...2

  private let alpha: Float
  /// For A and for B.
  private let transposes: [Bool], movesFirst: [Bool]
  private let product: MatMul

  package init(_ attributes: Attributes) throws(OperatorError) {
    alpha = try attributes.float("alpha", default: 1)
    transposes = [try attributes.int("transA", default: 0) != 0, try attributes.int("transB", default: 0) != 0]
    movesFirst = [
      try attributes.int("transBatchA", default: 0) != 0, try attributes.int("transBatchB", default: 0) != 0,
    ]
    product = try MatMul(attributes)
  }

  /// Axes of an operand in the order in which they are multiplied; a vector is taken as it is.
  private func order(_ slot: Int, rank: Int) -> [Int] {
    guard rank > 1 else { return Array(0..<rank) }
    var order = Array(0..<rank)
    if movesFirst[slot] { order = Array(1..<(rank - 1)) + [0, rank - 1] }
    if transposes[slot] { order.swapAt(rank - 1, rank - 2) }
    return order
  }

  private func moved(_ inputs: Operands<TensorType>) -> Operands<TensorType> {
    Operands(
      (0...1).map { slot in
        let (type, order) = (inputs[slot], order(slot, rank: inputs[slot].shape.count))
        return TensorType(type.dtype, order.map { type.shape[$0] })
      })
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].dtype.isFloat else { throw .unsupportedType(inputs[0].dtype) }
    // The runtime takes the matrix as it is.
    guard !transposes[0] || inputs[0].shape.count < 2 || inputs[1].shape.count != 1 else {
      throw .unsupported("transposes a matrix \(inputs[0].shape) that a vector is multiplied by")
    }
    return try product.infer(moved(inputs))
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    guard inputs[0].dtype == .float32 || inputs[0].dtype == .float64 else {
      return try Conversion.wideningFloats(inputs, run)
    }
    var operands: [Tensor] = []
    for slot in 0...1 {
      let order = order(slot, rank: inputs[slot].rank)
      let isMoved = order != Array(0..<order.count)
      operands.append(
        isMoved ? try StridedView.transposing(inputs[slot].shape, by: order).copied(from: inputs[slot]) : inputs[slot])
    }
    let y = try product.run(Operands(operands))[0]
    guard alpha != 1 else { return [y] }
    return [
      y.dtype == .float64
        ? Elementwise.map(y) { (v: Double) in v * Double(alpha) } : Elementwise.map(y) { (v: Float) in v * alpha }
    ]
  }

  package func couple(_ c: inout Coupling) {
    MatMul.couple(
      &c, left: order(0, rank: c.inputs[0].shape.count), right: order(1, rank: c.inputs[1].shape.count))
  }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let rank = inputs[0].shape.count
    guard order(0, rank: rank) == Array(0..<rank), inputs[1].shape.count == 2 else { return [] }
    return MatMul.readings(moved(inputs), hasOutputsFirst: transposes[1], factor: alpha)
  }
}
