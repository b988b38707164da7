import ShrinkGraph
import ShrinkMath

/// A convolution of each channel with the taps behind and at each place; the last inputs are kept for the next call.
///
/// Operands input [batch, channels, length], weight [channels, 1, taps], bias [channels], past_state
/// [batch, channels, taps - 1]; results like the input, and like the state.
package struct CausalConvWithState: Operator {
  package static let names = ["CausalConvWithState"]
  package static let opsets = 27...28
  package static let inputs = 2...4

  private let isGated: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    let activation = try attributes.string("activation") ?? "none"
    guard ["none", "silu", "swish"].contains(activation) else { throw .invalid("activation is '\(activation)'") }
    isGated = activation != "none"
  }

  private func state(_ inputs: Operands<TensorType>) throws(OperatorError) -> [Int] {
    let (x, w) = (inputs[0].shape, inputs[1].shape)
    guard x.count == 3, w.count == 3, w[0] == x[1], w[1] == 1, w[2] > 0 else {
      throw .invalid("convolves \(x) with \(w)")
    }
    let state = [x[0], x[1], w[2] - 1]
    for (slot, wanted) in [(2, [x[1]]), (3, state)] {
      guard let shape = inputs.optional(slot)?.shape, shape != wanted else { continue }
      throw .invalid("operand \(slot) has shape \(shape) where \(wanted) belongs")
    }
    return state
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let dtype = inputs[0].dtype
    let state = try TensorType.sized(dtype, state(inputs))
    return [TensorType(dtype, inputs[0].shape), TensorType(dtype, try Axes.checked(state.shape, dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: try run(inputs, Float.self)
    case .float64: try run(inputs, Double.self)
    case .float16, .bfloat16: try Conversion.widening(inputs, run)
    default: throw .noKernel(for: inputs[0].dtype)
    }
  }

  private func run<T: KernelElement>(_ inputs: Operands<Tensor>, _ type: T.Type) throws(OperatorError) -> [Tensor] {
    try inputs.checkSameType([1, 2, 3])
    let types = try infer(inputs.types)
    let (length, channels, kept) = (inputs[0].shape[2], inputs[0].shape[1], types[1].shape[2])
    let x = inputs[0].start(T.self), w = inputs[1].start(T.self)
    let bias = inputs.optional(2)?.start(T.self), past = inputs.optional(3)?.start(T.self)
    let y = Tensor.unwritten(types[0].shape, T.self), state = Tensor.unwritten(types[1].shape, T.self)
    defer { withExtendedLifetime((inputs, y, state)) {} }
    guard y.tensor.count + state.tensor.count > 0 else { return [y.tensor, state.tensor] }
    Parallel.forEach(
      inputs[0].shape[0] * channels, minimumChunk: max(1, parallelGrain / max(1, length * (kept + 1)))
    ) { rows in
      // What stands before the first place, and the line itself.
      let line = UnsafeMutablePointer<T>.allocate(capacity: kept + length)
      defer { line.deallocate() }
      for row in rows {
        if let past {
          line.update(from: past + row * kept, count: kept)
        } else {
          line.update(repeating: 0, count: kept)
        }
        (line + kept).update(from: x + row * length, count: length)
        let (to, taps) = (y.start + row * length, w + row % channels * (kept + 1))
        to.update(repeating: bias?[row % channels] ?? 0, count: length)
        for tap in 0...kept { for i in 0..<length { to[i] += taps[tap] * line[i + tap] } }
        (state.start + row * kept).update(from: line + length, count: kept)
        guard isGated else { continue }
        // The line is needed no more: it takes the gates.
        line.update(from: to, count: length)
        T.sigmoids(line, length)
        for i in 0..<length { to[i] *= line[i] }
      }
    }
    return [y.tensor, state.tensor]
  }
}
