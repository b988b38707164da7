import ShrinkGraph

/// Arithmetic on two operands that are broadcast together.
package struct Arithmetic: Operator {
  package static let names = Function.allCases.map(\.rawValue)
  package static let opsets = 1...28
  package static let inputs = 2...2

  /// Which function.
  enum Function: String, CaseIterable {
    case add = "Add"
    case div = "Div"
    case mod = "Mod"
    case mul = "Mul"
    case pow = "Pow"
    case sub = "Sub"
  }
  let function: Function
  /// Whether Mod takes the sign of the dividend, as C does.
  private let isC: Bool
  let placement: Broadcast.Placement

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
    isC = try attributes.int("fmod", default: 0) != 0
    placement = try Broadcast.Placement(attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].dtype == inputs[1].dtype || function == .pow else {
      throw .differentTypes(inputs[0].dtype, inputs[1].dtype)
    }
    return [try .sized(inputs[0].dtype, placement.shape(inputs))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    return try compute(try placement.placed(inputs), shape)
  }

  /// The sum of two tensors of one element type that are broadcast together.
  static func add(_ a: Tensor, _ b: Tensor) throws(OperatorError) -> Tensor {
    try Arithmetic(Attributes("Add", opset: 14)).run(Operands([a, b]))[0]
  }

  private func compute(_ inputs: Operands<Tensor>, _ shape: [Int]) throws(OperatorError) -> [Tensor] {
    let a = inputs[0]
    if function == .pow, !a.dtype.isFloat || !inputs[1].dtype.isFloat {
      return [try Self.mixedPower(a, inputs[1], shape)]
    }
    let b = inputs[1].dtype == a.dtype ? inputs[1] : try Conversion.convert(inputs[1], to: a.dtype)
    return switch a.dtype {
    case .float32: [compute(a, b, shape, Float.self)]
    case .float64: [compute(a, b, shape, Double.self)]
    case .int64: [try computeInteger(a, b, shape, Int64.self)]
    case .int32: [try computeInteger(a, b, shape, Int32.self)]
    case .uint64: [try computeInteger(a, b, shape, UInt64.self)]
    case .bool: throw .unsupportedType(a.dtype)
    default:
      try Conversion.widening(Operands([a, b])) { (x: Operands<Tensor>) throws(OperatorError) in try compute(x, shape) }
    }
  }

  package func couple(_ c: inout Coupling) { placement.couple(&c) }

  /// Integer bases or exponents: in integers where both are and no exponent is negative, else in float64.
  private static func mixedPower(_ a: Tensor, _ b: Tensor, _ shape: [Int]) throws(OperatorError) -> Tensor {
    if !a.dtype.isFloat, let exponents = b.integers, exponents.allSatisfy({ $0 >= 0 }), Tensor.count(shape) > 0 {
      let base = try Conversion.convert(a, to: .int64)
      let exponent = Tensor(shape: b.shape, exponents.map(Int64.init))
      return try Conversion.convert(Broadcast.map(base, exponent, to: shape, power), to: a.dtype)
    }
    let base = try Conversion.convert(a, to: .float64)
    let exponent = try Conversion.convert(b, to: .float64)
    return try Conversion.convert(Broadcast.map(base, exponent, to: shape, Double.power), to: a.dtype)
  }

  /// x to the power n ≥ 0 by squaring; wraps.
  private static func power(_ x: Int64, _ n: Int64) -> Int64 {
    var (result, square, rest) = (Int64(1), x, n)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func compute<T: Real>(_ a: Tensor, _ b: Tensor, _ shape: [Int], _: T.Type) -> Tensor {
    switch function {
    case .add: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x + y }
    case .div: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x / y }
    case .mul: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x * y }
    case .sub: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x - y }
    case .pow:
      b.count == 1 && b.elements(T.self) == [2]
        ? Broadcast.map(a, b, to: shape) { (x: T, _: T) in x * x }
        : Broadcast.map(a, b, to: shape) { (x: T, y: T) in T.power(x, y) }
    case .mod:
      isC
        ? Broadcast.map(a, b, to: shape) { (x: T, y: T) in T.remainder(x, y) }
        : Broadcast.map(a, b, to: shape) { (x: T, y: T) in Self.modulus(x, y) }
    }
  }

  /// The remainder with the sign of the divisor, as Python's.
  @inline(__always)
  private static func modulus<T: Real>(_ x: T, _ y: T) -> T {
    let rest = T.remainder(x, y)
    if rest == 0 { return T(signOf: y, magnitudeOf: rest) }
    return (rest < 0) != (y < 0) ? rest + y : rest
  }

  private func computeInteger<T: FixedWidthInteger & TensorElement>(
    _ a: Tensor, _ b: Tensor, _ shape: [Int], _: T.Type
  ) throws(OperatorError) -> Tensor {
    if function == .div || function == .mod, Tensor.count(shape) > 0 {
      guard !b.elements(T.self).contains(0) else { throw .divisionByZero() }
    }
    switch function {
    case .add: return Broadcast.map(a, b, to: shape) { (x: T, y: T) in x &+ y }
    case .mul: return Broadcast.map(a, b, to: shape) { (x: T, y: T) in x &* y }
    case .sub: return Broadcast.map(a, b, to: shape) { (x: T, y: T) in x &- y }
    case .div: return Broadcast.map(a, b, to: shape) { (x: T, y: T) in x.dividedReportingOverflow(by: y).partialValue }
    case .pow: throw .unsupportedType(a.dtype)
    case .mod:
      let isC = isC
      return Broadcast.map(a, b, to: shape) { (x: T, y: T) in
        let rest = x.remainderReportingOverflow(dividingBy: y).partialValue
        return !isC && rest != 0 && (rest < 0) != (y < 0) ? rest &+ y : rest
      }
    }
  }
}

extension OperatorError {
  /// Operands that must have one element type have two.
  static func differentTypes(_ a: DType, _ b: DType) -> OperatorError {
    .invalid("its operands have the element types \(a) and \(b), which must be the same")
  }
  fileprivate static func divisionByZero() -> OperatorError { OperatorError(.badData, "divides an integer by zero") }
}
