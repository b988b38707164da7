import ShrinkGraph

/// Float32 as uint8, with the scale and zero point that its own range gives.
///
///   scale = (max(x, 0) − min(x, 0)) / 255, zero = round(−min / scale), y = saturate(round(x / scale) + zero)
///
/// Source: the ONNX specification of DynamicQuantizeLinear, version 11.
package struct DynamicQuantizeLinear: Operator {
  package static let names = ["DynamicQuantizeLinear"]
  package static let opsets = 11...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) throws(OperatorError) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].dtype == .float32 else { throw .invalid("quantises elements of type \(inputs[0].dtype)") }
    return [TensorType(.uint8, inputs[0].shape), TensorType(.float32, []), TensorType(.uint8, [])]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let range: (low: Float, high: Float) = inputs[0].withElements(Float.self) { x in
      x.reduce(into: (0, 0)) { range, value in range = (min(range.0, value), max(range.1, value)) }
    }
    let scale = range.low == range.high ? 1 : (range.high - range.low) / 255
    let bounds: ClosedRange<Float> = 0...255
    let zero = Quantization.saturated(-range.low / scale, 0, bounds)
    let y = Elementwise.map(inputs[0]) { (x: Float) in UInt8(Quantization.saturated(x / scale, zero, bounds)) }
    return [y, Tensor(scale), Tensor(UInt8(zero))]
  }
}
