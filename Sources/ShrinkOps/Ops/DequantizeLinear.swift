import ShrinkGraph

/// The numbers behind quantised elements: y = (x − zero) · scale.
///
/// Source: the ONNX specification of DequantizeLinear, versions 10 to 28.
package struct DequantizeLinear: Operator {
  package static let names = ["DequantizeLinear"]
  package static let opsets = 10...28
  package static let inputs = 2...3

  private let axis: Int
  private let block: Int
  private let target: DType?

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: 1)
    block = try attributes.int("block_size", default: 0)
    target = try attributes.elementType("output_dtype")
    guard block >= 0 else { throw .invalid("block_size is \(block)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    if let zero = inputs.optional(2) {
      guard zero.dtype == inputs[0].dtype, zero.shape.product == inputs[1].shape.product else {
        throw .invalid("a zero point \(zero.dtype)\(zero.shape) for \(inputs[0].dtype) and a scale \(inputs[1].shape)")
      }
    }
    let dtype = target ?? inputs[1].dtype
    guard [.float32, .float16, .bfloat16].contains(dtype) else { throw .noKernel(for: dtype) }
    _ = try Quantization.Granularity(inputs[0].shape, scale: inputs[1].shape, axis: axis, block: block)
    return [TensorType(dtype, inputs[0].shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let dtype = try infer(inputs.types)[0].dtype
    let runs = try Quantization.Granularity(inputs[0].shape, scale: inputs[1].shape, axis: axis, block: block)
    let x = try Quantization.numbers(inputs[0])
    let scales = try Quantization.numbers(inputs[1]).elements(Float.self)
    let zeros = try inputs.optional(2).map { zero throws(OperatorError) in
      try Quantization.numbers(zero).elements(Float.self)
    }
    let numbers = try x.mapped(Float.self) { x, y in
      runs.forEachRun(inputs[0].count) { first, count, place in
        if runs.innerStep == 0 {
          let (scale, zero) = (scales[place], zeros?[place] ?? 0)
          for i in first..<first + count { y[i] = (x[i] - zero) * scale }
        } else {
          for i in 0..<count { y[first + i] = (x[first + i] - (zeros?[place + i] ?? 0)) * scales[place + i] }
        }
      }
    }
    return [try Conversion.convert(numbers, to: dtype)]
  }

  package func couple(_ c: inout Coupling) { Quantization.couple(&c, axis: axis, block: block) }
}

extension DequantizeLinear: StorageOperator {
  package func operands(
    for result: Tensor, like operands: Operands<Tensor>
  ) throws(OperatorError) -> Operands<Tensor>? {
    let wide = try Conversion.convert(result, to: .float32)
    let found = try Requantization(wide, like: operands, axis: axis, block: block)
    return try found.flatMap { found throws(OperatorError) in
      try found.operands(like: operands, axis: axis, block: block)
    }
  }
}
