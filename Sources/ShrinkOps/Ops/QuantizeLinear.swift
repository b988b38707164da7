import ShrinkGraph

/// Numbers as integers, or floats of few bits: y = saturate(round(x / scale) + zero).
///
/// One scale for all, for each place of an axis, or for each block of places. Source: the ONNX specification of
/// QuantizeLinear, versions 10 to 28.
package struct QuantizeLinear: Operator {
  package static let names = ["QuantizeLinear"]
  package static let opsets = 10...28
  package static let inputs = 2...3

  private let axis: Int
  private let block: Int
  private let saturates: Bool
  private let target: DType?
  private let precision: DType?

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: 1)
    block = try attributes.int("block_size", default: 0)
    saturates = try attributes.int("saturate", default: 1) != 0
    target = try attributes.elementType("output_dtype")
    precision = try attributes.elementType("precision")
    guard block >= 0 else { throw .invalid("block_size is \(block)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let zero = inputs.optional(2)
    let dtype = zero?.dtype ?? target ?? .uint8
    guard target == nil || target == dtype, zero == nil || zero?.shape.product == inputs[1].shape.product else {
      throw .invalid("a zero point \(dtype)\(zero?.shape ?? []) for a scale \(inputs[1].shape)")
    }
    _ = try Quantization.Granularity(inputs[0].shape, scale: inputs[1].shape, axis: axis, block: block)
    return [TensorType(dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let dtype = try infer(inputs.types)[0].dtype
    let runs = try Quantization.Granularity(inputs[0].shape, scale: inputs[1].shape, axis: axis, block: block)
    let quotients = try divided(inputs, runs)
    guard let bounds = Quantization.bounds(dtype) else {
      // A zero point of a float can only be 0; adding it takes the sign of −0, as the reference does for 4 bits.
      let isAdded = dtype == .float4e2m1 && inputs.optional(2) != nil
      let quotients = isAdded ? Elementwise.map(quotients) { (x: Float) in x + 0 } : quotients
      return [try LowPrecision.encoded(quotients, dtype, saturates: saturates)]
    }
    let zeros = try inputs.optional(2).map { zero throws(OperatorError) in
      try Quantization.numbers(zero).elements(Float.self)
    }
    let integers = try quotients.mapped(Float.self) { x, y in
      runs.forEachRun(quotients.count) { first, count, place in
        for i in 0..<count {
          let zero = zeros?[place + i * runs.innerStep] ?? 0
          y[first + i] = Quantization.saturated(x[first + i], zero, bounds)
        }
      }
    }
    return [try Quantization.stored(integers, dtype)]
  }

  /// x / scale as float32, rounded to the precision of the division.
  private func divided(
    _ inputs: Operands<Tensor>, _ runs: Quantization.Granularity
  ) throws(OperatorError) -> Tensor {
    let x = try Conversion.convert(inputs[0], to: .float32)
    let scales = try Quantization.numbers(inputs[1]).elements(Float.self)
    let quotients = try x.mapped(Float.self) { x, y in
      runs.forEachRun(inputs[0].count) { first, count, place in
        for i in 0..<count { y[first + i] = x[first + i] / scales[place + i * runs.innerStep] }
      }
    }
    let narrow = precision ?? inputs[1].dtype
    guard narrow == .float16 || narrow == .bfloat16 else { return quotients }
    return try Conversion.convert(Conversion.convert(quotients, to: narrow), to: .float32)
  }

  package func couple(_ c: inout Coupling) { Quantization.couple(&c, axis: axis, block: block) }
}

extension Attributes {
  /// An element type by its number in the file; nil when it is left out or 0.
  func elementType(_ name: String) throws(OperatorError) -> DType? {
    guard let number = try int(name), number != 0 else { return nil }
    guard let dtype = Int32(exactly: number).flatMap(DType.init(rawValue:)) else {
      throw .invalid("attribute '\(name)' names no element type: \(number)")
    }
    return dtype
  }
}
