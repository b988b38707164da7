import ShrinkGraph

/// An element type that is a number or a truth value, with arithmetic that never traps.
protocol NumberElement: TensorElement, Comparable {
  /// Sum; integers wrap, for truth values "or".
  static func sum(_ a: Self, _ b: Self) -> Self
  /// Product; integers wrap, for truth values "and".
  static func product(_ a: Self, _ b: Self) -> Self
  /// Whether it is no number (NaN).
  var isUndefined: Bool { get }
}

extension NumberElement {
  var isUndefined: Bool { false }
  /// The greater one; a number that is not a number wins.
  static func greater(_ a: Self, _ b: Self) -> Self { b > a || b.isUndefined ? b : a }
  /// The smaller one; a number that is not a number wins.
  static func smaller(_ a: Self, _ b: Self) -> Self { b < a || b.isUndefined ? b : a }
  /// Order in which NaN stands behind every number and equals itself, as NumPy sorts.
  static func isBefore(_ a: Self, _ b: Self) -> Bool { a < b || (b.isUndefined && !a.isUndefined) }
}
extension NumberElement where Self: FixedWidthInteger {
  static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
  static func product(_ a: Self, _ b: Self) -> Self { a &* b }
}
extension NumberElement where Self: BinaryFloatingPoint {
  static func sum(_ a: Self, _ b: Self) -> Self { a + b }
  static func product(_ a: Self, _ b: Self) -> Self { a * b }
  var isUndefined: Bool { isNaN }
}

extension Float: NumberElement {}
extension Double: NumberElement {}
extension Int8: NumberElement {}
extension Int16: NumberElement {}
extension Int32: NumberElement {}
extension Int64: NumberElement {}
extension UInt8: NumberElement {}
extension UInt16: NumberElement {}
extension UInt32: NumberElement {}
extension UInt64: NumberElement {}

/// A computation that is written once for every element type.
protocol NumberKernel {
  associatedtype Output
  /// Computes with elements of type `T`.
  func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> Output
}

extension NumberKernel {
  /// Computes in the Swift type of `dtype`.
  ///
  /// Throws for types without one: convert 16-bit floats and truth values first (`Tensor.computable`).
  func run(_ dtype: DType) throws(OperatorError) -> Output {
    switch dtype {
    case .float32: try run(Float.self)
    case .float64: try run(Double.self)
    case .int8: try run(Int8.self)
    case .int16: try run(Int16.self)
    case .int32: try run(Int32.self)
    case .int64: try run(Int64.self)
    case .uint8: try run(UInt8.self)
    case .uint16: try run(UInt16.self)
    case .uint32: try run(UInt32.self)
    case .uint64: try run(UInt64.self)
    default: throw .unsupportedType(dtype)
    }
  }
}

extension Tensor {
  /// The same numbers in a type that `NumberKernel` knows: 16-bit floats widened, truth values as 0 and 1.
  func computable() throws(OperatorError) -> Tensor {
    switch dtype {
    case .float16, .bfloat16: try Conversion.convert(self, to: .float32)
    case .bool: try Conversion.convert(self, to: .uint8)
    default: self
    }
  }
}
