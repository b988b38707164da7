import ShrinkGraph

/// IsNaN and IsInf: which elements are not finite numbers.
package struct FloatTest: Operator {
  package static let names = ["IsNaN", "IsInf"]
  package static let opsets = 9...28
  package static let inputs = 1...1
  private let isNaN: Bool
  private let negative: Bool
  private let positive: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    isNaN = attributes.opType == "IsNaN"
    negative = try attributes.int("detect_negative", default: 1) != 0
    positive = try attributes.int("detect_positive", default: 1) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(.bool, inputs[0].shape)] }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: [test(inputs[0], Float.self)]
    case .float64: [test(inputs[0], Double.self)]
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    case .float8e4m3fn: [test(inputs[0], nan: 0x7f, infinity: nil)]
    case .float8e5m2: [test(inputs[0], nan: 0x7d, infinity: 0x7c)]
    case .float8e4m3fnuz, .float8e5m2fnuz: [test(inputs[0], nan: nil, infinity: nil)]
    default: throw .unsupportedType(inputs[0].dtype)
    }
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }

  /// Tests 8-bit floats by their bits.
  ///
  /// `nan` is the least magnitude of what is not a number, nil for formats that give it the bits of −0; `infinity` the
  /// magnitude of infinity, nil for formats without.
  private func test(_ x: Tensor, nan: UInt8?, infinity: UInt8?) -> Tensor {
    let bits = Tensor(dtype: .uint8, shape: x.shape, storage: x.storage, offset: x.offset)
    if isNaN { return Elementwise.map(bits) { (v: UInt8) in nan.map { v & 0x7f >= $0 } ?? (v == 0x80) } }
    return Elementwise.map(bits) { (v: UInt8) in v & 0x7f == infinity && (v >= 0x80 ? negative : positive) }
  }

  private func test<T: Real>(_ x: Tensor, _: T.Type) -> Tensor {
    if isNaN { return Elementwise.map(x) { (v: T) in v.isNaN } }
    return Elementwise.map(x) { (v: T) in v.isInfinite && (v < 0 ? negative : positive) }
  }
}
