import ShrinkGraph
import ShrinkMath

extension Lowering {
  /// Element-wise operators.
  static func functions(
    _ node: Attributes, _ inputs: Operands<TensorType>
  ) throws(OperatorError) -> Lowering? {
    if let combination = combinations[node.opType] {
      // Before opset 7 an axis may place the second operand elsewhere than at the end.
      guard !node.has("axis"), inputs.present.count == inputs.count, inputs.present.allSatisfy({ $0.dtype == .float32 })
      else {
        return nil
      }
      return .combination(combination)
    }
    if let simple = unary[node.opType] { return .elements(simple) }
    switch node.opType {
    case "LeakyRelu": return .elements([.leaky(try node.float("alpha", default: 0.01))])
    case "HardSigmoid":
      let (alpha, beta) = (try node.float("alpha", default: 0.2), try node.float("beta", default: 0.5))
      return .elements([.linear(alpha, beta), .clip(0, 1)])
    case "Clip":
      guard let (low, high) = try bounds(node, inputs), !(low > high) else { return nil }
      return .elements([.clip(low, high)])
    case "Pow":
      guard let power = inputs.optional(1)?.constant, power.count == 1, let exponent = power.numbers?.first else {
        return nil
      }
      // Only where the product is what Pow gives as well.
      return exponent == 2 && inputs[0].shape.count >= power.rank ? .square : nil
    case "BatchNormalization": return try batchNorm(node, inputs)
    default: return nil
    }
  }

  private static let combinations: [String: ElementChain.Function] = [
    "Add": .add, "Sub": .subtract, "Mul": .multiply, "Div": .divide, "Max": .maximum, "Min": .minimum, "Sum": .add,
  ]

  private static let unary: [String: [ElementChain.Function]] = [
    "Relu": [.clip(0, .infinity)], "Sigmoid": [.sigmoid], "Tanh": [.tanh], "Erf": [.erf], "Exp": [.exp],
    "Sqrt": [.sqrt],
    "Abs": [.absolute], "Neg": [.linear(-1, 0)], "Reciprocal": [.reciprocal], "HardSwish": [.hardSwish],
  ]

  private static func bounds(
    _ node: Attributes, _ inputs: Operands<TensorType>
  ) throws(OperatorError) -> (Float, Float)? {
    func bound(_ slot: Int, _ name: String, _ fallback: Float) throws(OperatorError) -> Float? {
      if node.opset < 11 { return try node.float(name, default: fallback) }
      guard let type = inputs.optional(slot) else { return fallback }
      guard let constant = type.constant, constant.dtype == .float32, constant.count == 1 else { return nil }
      return constant.elements(Float.self)[0]
    }
    guard let low = try bound(1, "min", -.infinity), let high = try bound(2, "max", .infinity) else { return nil }
    return (low, high)
  }

  private static func batchNorm(
    _ node: Attributes, _ inputs: Operands<TensorType>
  ) throws(OperatorError) -> Lowering? {
    guard node.outputs == 1, try node.int("training_mode", default: 0) == 0, inputs[0].shape.count > 1,
      try node.int("spatial", default: 1) != 0
    else { return nil }
    let constants = (1...4).compactMap { inputs.optional($0)?.constant }
    guard constants.count == 4, constants.allSatisfy({ $0.dtype == .float32 && $0.shape == [inputs[0].shape[1]] })
    else { return nil }
    let (scale, bias) = (constants[0].elements(Float.self), constants[1].elements(Float.self))
    let (mean, variance) = (constants[2].elements(Float.self), constants[3].elements(Float.self))
    let epsilon = try node.float("epsilon", default: 1e-5)
    let factor = zip(scale, variance).map { $0 / ($1 + epsilon).squareRoot() }
    let shift = zip(zip(factor, mean), bias).map { $1 - $0.0 * $0.1 }
    return .scaleAndShift(factor: factor, shift: shift)
  }
}
