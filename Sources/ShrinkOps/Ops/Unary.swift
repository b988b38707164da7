import ShrinkGraph

/// Functions of one element without attributes, computed with the C library's functions.
package struct Unary: Operator {
  package static let names = Function.allCases.map(\.rawValue)
  package static let opsets = 1...28
  package static let inputs = 1...1

  /// Which function.
  enum Function: String, CaseIterable {
    case abs = "Abs"
    case acos = "Acos"
    case acosh = "Acosh"
    case asin = "Asin"
    case asinh = "Asinh"
    case atan = "Atan"
    case atanh = "Atanh"
    case ceil = "Ceil"
    case cos = "Cos"
    case cosh = "Cosh"
    case erf = "Erf"
    case exp = "Exp"
    case floor = "Floor"
    case log = "Log"
    case neg = "Neg"
    case reciprocal = "Reciprocal"
    case round = "Round"
    case sign = "Sign"
    case sin = "Sin"
    case sinh = "Sinh"
    case sqrt = "Sqrt"
    case tan = "Tan"
    case tanh = "Tanh"
  }
  let function: Function

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
  }

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(inputs[0].dtype, inputs[0].shape)] }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let result: Tensor? =
      switch x.dtype {
      case .float32: compute(x, Float.self) ?? computeAngle(x, Float.self)
      case .float64: compute(x, Double.self) ?? computeAngle(x, Double.self)
      case .int64: computeInteger(x, Int64.self)
      case .int32: computeInteger(x, Int32.self)
      case .uint64: computeInteger(x, UInt64.self)
      case .bool: nil
      default: try Conversion.widening(inputs, run).first
      }
    guard let result else { throw .unsupportedType(x.dtype) }
    return [result]
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func compute<T: Real>(_ x: Tensor, _: T.Type) -> Tensor? {
    switch function {
    case .abs: Elementwise.map(x) { (v: T) in Swift.abs(v) }
    case .ceil: Elementwise.map(x) { (v: T) in v.rounded(.up) }
    case .erf: Elementwise.map(x) { (v: T) in T.errorFunction(v) }
    case .exp: Elementwise.map(x) { (v: T) in T.exponential(v) }
    case .floor: Elementwise.map(x) { (v: T) in v.rounded(.down) }
    case .log: Elementwise.map(x) { (v: T) in T.logarithm(v) }
    case .neg: Elementwise.map(x) { (v: T) in -v }
    case .reciprocal: Elementwise.map(x) { (v: T) in 1 / v }
    case .round: Elementwise.map(x) { (v: T) in v.rounded(.toNearestOrEven) }
    case .sign: Elementwise.map(x) { (v: T) in v > 0 ? 1 : v < 0 ? -1 : v }
    case .sqrt: Elementwise.map(x) { (v: T) in v.squareRoot() }
    case .tanh: Elementwise.map(x) { (v: T) in T.hyperbolicTangent(v) }
    default: nil
    }
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func computeAngle<T: Real>(_ x: Tensor, _: T.Type) -> Tensor? {
    switch function {
    case .acos: Elementwise.map(x) { (v: T) in T.arccosine(v) }
    case .acosh: Elementwise.map(x) { (v: T) in T.areaCosine(v) }
    case .asin: Elementwise.map(x) { (v: T) in T.arcsine(v) }
    case .asinh: Elementwise.map(x) { (v: T) in T.areaSine(v) }
    case .atan: Elementwise.map(x) { (v: T) in T.arctangent(v) }
    case .atanh: Elementwise.map(x) { (v: T) in T.areaTangent(v) }
    case .cos: Elementwise.map(x) { (v: T) in T.cosine(v) }
    case .cosh: Elementwise.map(x) { (v: T) in T.hyperbolicCosine(v) }
    case .sin: Elementwise.map(x) { (v: T) in T.sine(v) }
    case .sinh: Elementwise.map(x) { (v: T) in T.hyperbolicSine(v) }
    case .tan: Elementwise.map(x) { (v: T) in T.tangent(v) }
    default: nil
    }
  }

  private func computeInteger<T: FixedWidthInteger & TensorElement>(_ x: Tensor, _: T.Type) -> Tensor? {
    switch function {
    case .abs: Elementwise.map(x) { (v: T) in v < 0 ? 0 &- v : v }
    case .neg: Elementwise.map(x) { (v: T) in 0 &- v }
    case .sign: Elementwise.map(x) { (v: T) -> T in v > 0 ? 1 : v < 0 ? 0 &- 1 : 0 }
    default: nil
    }
  }
}
