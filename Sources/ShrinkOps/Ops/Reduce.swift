import ShrinkGraph

/// Sums, means, products, norms and extremes over some axes.
package struct Reduce: Operator {
  package static let names = Function.allCases.map(\.rawValue)
  package static let opsets = 1...28
  package static let inputs = 1...2
  package var useOfAll: String { "reduces over all of them" }

  /// Which reduction.
  enum Function: String, CaseIterable {
    case l1 = "ReduceL1"
    case l2 = "ReduceL2"
    case logSum = "ReduceLogSum"
    case logSumExp = "ReduceLogSumExp"
    case max = "ReduceMax"
    case mean = "ReduceMean"
    case min = "ReduceMin"
    case product = "ReduceProd"
    case sum = "ReduceSum"
    case sumSquare = "ReduceSumSquare"
  }
  let function: Function
  private let attribute: [Int]?
  private let keepsAxes: Bool
  private let isIdentityWithoutAxes: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
    attribute = try attributes.ints("axes")
    keepsAxes = try attributes.int("keepdims", default: 1) != 0
    isIdentityWithoutAxes = try attributes.int("noop_with_empty_axes", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let reduced = try axes(inputs)
    return [TensorType(inputs[0].dtype, Reduction.shape(inputs[0].shape, reduced, keepsAxes: keepsAxes))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, type) = (inputs[0], try infer(inputs.types)[0])
    let reduction = Reduction(x.shape, try axes(inputs.types))
    if !x.dtype.isFloat, x.dtype != .bool, [.l2, .logSum, .logSumExp].contains(function) {
      let result = compute(try Conversion.convert(x, to: .float64), reduction, type.shape, Double.self)
      return [try Conversion.convert(result, to: x.dtype)]
    }
    let result: Tensor? =
      switch x.dtype {
      case .float32: compute(x, reduction, type.shape, Float.self)
      case .float64: compute(x, reduction, type.shape, Double.self)
      case .int32 where isOfReals, .int64 where isOfReals, .uint32 where isOfReals, .uint64 where isOfReals:
        try Conversion.convert(
          compute(try Conversion.convert(x, to: .float64), reduction, type.shape, Double.self), to: x.dtype)
      case .int64: computeInteger(x, reduction, type.shape, Int64.self)
      case .int32: computeInteger(x, reduction, type.shape, Int32.self)
      case .int16: computeInteger(x, reduction, type.shape, Int16.self)
      case .int8: computeInteger(x, reduction, type.shape, Int8.self)
      case .uint64: computeInteger(x, reduction, type.shape, UInt64.self)
      case .uint32: computeInteger(x, reduction, type.shape, UInt32.self)
      case .uint16: computeInteger(x, reduction, type.shape, UInt16.self)
      case .uint8: computeInteger(x, reduction, type.shape, UInt8.self)
      case .bool where function == .max || function == .min:
        try Conversion.convert(
          computeInteger(try Conversion.convert(x, to: .uint8), reduction, type.shape, UInt8.self) ?? x, to: .bool)
      case .bool: nil
      default: try Conversion.widening(inputs, run).first
      }
    guard let result else { throw .unsupportedType(x.dtype) }
    return [result]
  }

  /// Whether integers need a root or a logarithm, which is cut to an integer in the end.
  private var isOfReals: Bool { function == .l2 || function == .logSum || function == .logSumExp }

  func axes(_ inputs: Operands<TensorType>) throws(OperatorError) -> Set<Int> {
    let rank = inputs[0].shape.count
    let given = try Axes.integers(attribute, inputs, 1, "axes") ?? []
    if given.isEmpty { return isIdentityWithoutAxes ? [] : Set(0..<rank) }
    return Set(try Axes.positions(given, rank: rank))
  }

  package func couple(_ c: inout Coupling) {
    guard let reduced = try? axes(c.inputs) else { return }
    Reduction.couple(&c, reduced, keepsAxes: keepsAxes)
  }

  // Sums are kept in double: the mean of a large plane loses digits in float32.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func compute<T: Real>(_ x: Tensor, _ r: Reduction, _ shape: [Int], _: T.Type) -> Tensor {
    let count = Double(r.length)
    let big = Double.infinity
    switch function {
    case .l1: return r.fold(x, shape, 0.0, { (s, v: T) in s + abs(Double(v)) }, { T($0) })
    case .l2: return r.fold(x, shape, 0.0, { (s, v: T) in s + Double(v) * Double(v) }, { T($0.squareRoot()) })
    case .logSum: return r.fold(x, shape, 0.0, { (s, v: T) in s + Double(v) }, { T(Double.logarithm($0)) })
    case .max: return r.fold(x, shape, -big, { (s, v: T) in Double(v) > s || v != v ? Double(v) : s }, { T($0) })
    case .mean: return r.fold(x, shape, 0.0, { (s, v: T) in s + Double(v) }, { T($0 / count) })
    case .min: return r.fold(x, shape, big, { (s, v: T) in Double(v) < s || v != v ? Double(v) : s }, { T($0) })
    case .product: return r.fold(x, shape, 1.0, { (s, v: T) in s * Double(v) }, { T($0) })
    case .sum: return r.fold(x, shape, 0.0, { (s, v: T) in s + Double(v) }, { T($0) })
    case .sumSquare: return r.fold(x, shape, 0.0, { (s, v: T) in s + Double(v) * Double(v) }, { T($0) })
    case .logSumExp:
      // The running maximum and the sum of exponentials relative to it, so that none overflows.
      return r.fold(
        x, shape, (-big, 0.0),
        { (s: (Double, Double), v: T) in
          let v = Double(v)
          if v == -big || s.0 == big { return (s.0, v.isNaN ? v : s.1) }
          if v > s.0 { return (v, v == big ? 1 : s.1 * Double.exponential(s.0 - v) + 1) }
          return (s.0, s.1 + Double.exponential(v - s.0))
        }, { T($0.1 == 0 ? -big : $0.0 + Double.logarithm($0.1)) })
    }
  }

  private func computeInteger<T: FixedWidthInteger & TensorElement>(
    _ x: Tensor, _ r: Reduction, _ shape: [Int], _: T.Type
  ) -> Tensor? {
    let zero = T(0)
    switch function {
    case .l1: return r.fold(x, shape, zero, { (s, v: T) in s &+ (v < 0 ? 0 &- v : v) }, { $0 })
    case .max: return r.fold(x, shape, T.min, { (s, v: T) in Swift.max(s, v) }, { $0 })
    case .mean:
      // In 64 bits, or the sum of a short type would not fit.
      let count = max(1, r.length)
      return r.fold(
        x, shape, Int64(0), { (s, v: T) in s &+ Int64(truncatingIfNeeded: v) },
        {
          T(
            truncatingIfNeeded: T.isSigned
              ? $0 / Int64(count) : Int64(bitPattern: UInt64(bitPattern: $0) / UInt64(count)))
        })
    case .min: return r.fold(x, shape, T.max, { (s, v: T) in Swift.min(s, v) }, { $0 })
    case .product: return r.fold(x, shape, T(1), { (s, v: T) in s &* v }, { $0 })
    case .sum: return r.fold(x, shape, zero, { (s, v: T) in s &+ v }, { $0 })
    case .sumSquare: return r.fold(x, shape, zero, { (s, v: T) in s &+ v &* v }, { $0 })
    case .l2, .logSum, .logSumExp: return nil
    }
  }
}
