import ShrinkGraph

/// What NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss share: the weighted negative of the logarithm of the
/// probability of each target, then nothing, their sum, or their mean over the weights.
///
/// Logarithms [samples, classes, places…], targets [samples, places…], weights [classes].
struct ClassLoss: Sendable {
  private enum Reduction: String {
    case none, sum, mean
  }
  private let reduction: Reduction
  private let ignored: Int?

  /// Reads `reduction` and `ignore_index`.
  init(_ attributes: Attributes) throws(OperatorError) {
    let name = try attributes.string("reduction") ?? "mean"
    guard let reduction = Reduction(rawValue: name) else { throw .invalid("reduction is '\(name)'") }
    self.reduction = reduction
    ignored = try attributes.int("ignore_index")
  }

  /// The type of the loss.
  func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> TensorType {
    let (x, targets) = (inputs[0].shape, inputs[1].shape)
    guard x.count > 1, targets == [x[0]] + x[2...] else { throw .invalid("compares \(x) with targets \(targets)") }
    if let weights = inputs.optional(2)?.shape, weights != [x[1]] {
      throw .invalid("weighs \(x[1]) classes by \(weights)")
    }
    return TensorType(inputs[0].dtype, reduction == .none ? targets : [])
  }

  /// The loss of logarithms of probabilities; the other operands are those of the node.
  func run<T: FloatElement>(
    _ logarithms: Tensor, _ inputs: Operands<Tensor>, _ type: T.Type
  ) throws(OperatorError) -> Tensor {
    let (shape, loss) = (logarithms.shape, try infer(inputs.types))
    guard inputs[1].count > 0 else { return Tensor(shape: loss.shape, repeating: reduction == .mean ? T.nan : 0) }
    guard let targets = inputs[1].integers else { throw .unsupportedType(inputs[1].dtype) }
    let (classes, places) = (shape[1], shape[2...].product)
    if let wrong = targets.first(where: { $0 != ignored && !(0..<classes ~= $0) }) {
      throw OperatorError(.badData, "target \(wrong) is none of \(classes) classes")
    }
    let weights = try inputs.optional(2).map { (w) throws(OperatorError) in
      try Conversion.convert(w, to: T.dtype).elements(T.self)
    }
    return logarithms.withElements(T.self) { x in
      var (sum, total) = (0.0, 0.0)
      var single: [T] = []
      if reduction == .none { single.reserveCapacity(targets.count) }
      for (i, target) in targets.enumerated() {
        let isCounted = target != ignored
        let weight = isCounted ? weights?[target] ?? 1 : 0
        let own = isCounted ? -x[(i / places * classes + target) * places + i % places] * weight : 0
        if reduction == .none { single.append(own) }
        sum += Double(own)
        total += Double(weight)
      }
      switch reduction {
      case .none: return Tensor(shape: loss.shape, single)
      case .sum: return Tensor(T(sum))
      case .mean: return Tensor(T(sum / total))
      }
    }
  }
}
