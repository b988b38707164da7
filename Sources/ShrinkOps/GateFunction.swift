import ShrinkGraph

/// A function that recurrent networks apply to their gates and states.
///
/// Names and formulas: ONNX operator documentation of LSTM.
struct GateFunction: Sendable {
  /// Which one; names are compared without regard to case.
  private enum Kind: String {
    case affine, elu, hardsigmoid, leakyrelu, relu, scaledtanh, sigmoid, softplus, softsign, tanh, thresholdedrelu

    /// What alpha and beta are when they are left out; nil for functions that have none.
    var defaults: (alpha: Float?, beta: Float?) {
      switch self {
      case .affine: (1, 0)
      case .elu, .thresholdedrelu: (1, nil)
      case .hardsigmoid: (0.2, 0.5)
      case .leakyrelu: (0.01, nil)
      case .scaledtanh: (1, 1)
      case .relu, .sigmoid, .softplus, .softsign, .tanh: (nil, nil)
      }
    }
  }
  private let kind: Kind
  private let alpha: Float
  private let beta: Float

  /// Reads `count` functions for each of `directions`; numbers go to those that take them, in their order.
  ///
  /// `defaults`: the functions of a direction when none are given.
  static func read(
    _ attributes: Attributes, defaults: [String], directions: Int
  ) throws(OperatorError) -> [[GateFunction]] {
    let names = try attributes.strings("activations") ?? (0..<directions).flatMap { _ in defaults }
    guard names.count == directions * defaults.count else {
      throw .invalid("names \(names.count) activations where \(directions * defaults.count) belong")
    }
    var alphas = (try attributes.floats("activation_alpha") ?? [])[...]
    var betas = (try attributes.floats("activation_beta") ?? [])[...]
    var functions: [GateFunction] = []
    for name in names {
      guard let kind = Kind(rawValue: name.lowercased()) else { throw .unsupported("the activation '\(name)'") }
      let (alpha, beta) = kind.defaults
      functions.append(
        GateFunction(
          kind: kind, alpha: alpha.map { alphas.popFirst() ?? $0 } ?? 0,
          beta: beta.map { betas.popFirst() ?? $0 } ?? 0))
    }
    return (0..<directions).map { Array(functions[($0 * defaults.count)..<(($0 + 1) * defaults.count)]) }
  }

  /// Whether it is the logistic function.
  var isSigmoid: Bool { kind == .sigmoid }
  /// Whether it is the hyperbolic tangent.
  var isTanh: Bool { kind == .tanh }

  /// Replaces each element by the function of it, held within ±`clip` before.
  func apply<T: KernelElement>(_ x: UnsafeMutablePointer<T>, _ count: Int, clip: Float?) {
    if let clip {
      let bound = T(clip)
      for i in 0..<count { x[i] = x[i] > bound ? bound : x[i] < -bound ? -bound : x[i] }
    }
    let (a, b) = (T(alpha), T(beta))
    switch kind {
    case .sigmoid: T.sigmoids(x, count)
    case .tanh: T.tangents(x, count)
    case .relu: for i in 0..<count { x[i] = x[i] < 0 ? 0 : x[i] }
    case .affine: for i in 0..<count { x[i] = a * x[i] + b }
    case .leakyrelu: for i in 0..<count { x[i] = x[i] < 0 ? a * x[i] : x[i] }
    case .thresholdedrelu: for i in 0..<count { x[i] = x[i] > a ? x[i] : 0 }
    case .hardsigmoid:
      for i in 0..<count {
        let v = a * x[i] + b
        x[i] = v < 0 ? 0 : v > 1 ? 1 : v
      }
    case .softsign: for i in 0..<count { x[i] /= 1 + abs(x[i]) }
    case .elu: for i in 0..<count { x[i] = x[i] < 0 ? a * T.exponentialMinusOne(x[i]) : x[i] }
    case .softplus:
      for i in 0..<count { x[i] = T.logarithmOnePlus(T.exponential(-abs(x[i]))) + (x[i] < 0 ? 0 : x[i]) }
    case .scaledtanh:
      for i in 0..<count { x[i] *= b }
      T.tangents(x, count)
      for i in 0..<count { x[i] *= a }
    }
  }
}

extension [GateFunction] {
  /// Whether these are the functions of an LSTM that names none.
  var isDefaultForLSTM: Bool { map(\.isSigmoid) == [true, false, false] && dropFirst().allSatisfy(\.isTanh) }
}
