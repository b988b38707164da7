import ShrinkGraph

/// Reverses the first elements along the time axis, as many as the second operand says for each batch.
///
/// x with a time and a batch axis in front, lengths [batch] → the same shape. Source: ONNX ReverseSequence-28.
package struct ReverseSequence: Operator {
  package static let names = ["ReverseSequence"]
  package static let opsets = 10...28
  package static let inputs = 2...2
  private let time: Int
  private let batch: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    time = try attributes.int("time_axis", default: 0)
    batch = try attributes.int("batch_axis", default: 1)
    guard (0...1).contains(time), (0...1).contains(batch), time != batch else {
      throw .invalid("time axis \(time) and batch axis \(batch) are not the first two")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, lengths) = (inputs[0], inputs[1])
    guard x.shape.count >= 2, lengths.shape == [x.shape[batch]] else {
      throw .invalid("reverses \(x.shape) elements by lengths of shape \(lengths.shape)")
    }
    guard lengths.dtype == .int64 || lengths.dtype == .int32 else { throw .unsupportedType(lengths.dtype) }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(inputs.types)
    try StridedView.checkElements(x.dtype)
    let lengths = try Axes.indices(inputs[1])
    for length in lengths where length < 0 || length > x.shape[time] {
      throw OperatorError(.badData, "reverses \(length) steps of \(x.shape[time])")
    }
    let width = x.shape.dropFirst(2).product * (x.dtype.bits / 8)
    let storage = TensorStorage(byteCount: x.byteCount)
    let steps = time == 0 ? (time: x.shape[1], batch: 1) : (time: 1, batch: x.shape[1])
    x.withBytes { bytes in
      guard let from = bytes.baseAddress, width > 0 else { return }
      for (sequence, length) in lengths.enumerated() {
        for step in 0..<x.shape[time] {
          let source = step < length ? length - 1 - step : step
          let base = sequence * steps.batch
          (storage.bytes + (base + step * steps.time) * width).copyMemory(
            from: from + (base + source * steps.time) * width, byteCount: width)
        }
      }
    }
    return [Tensor(dtype: x.dtype, shape: x.shape, storage: storage)]
  }

  package func couple(_ c: inout Coupling) {
    c.tieAll(input: 0, output: 0, except: [0, 1])
    c.tie(.input(0, batch), .output(0, batch))
    c.tie(.input(1, 0), .output(0, batch))
  }
}
