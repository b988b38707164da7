import ShrinkGraph
import ShrinkMath

/// Fourier transforms of overlapping frames of a signal, each times a window.
///
/// Operands signal [batch, length, 1 or 2], frame_step, window [frame length], frame_length; the result is
/// [batch, frames, bins, 2].
package struct STFT: Operator {
  package static let names = ["STFT"]
  package static let opsets = 17...28
  package static let inputs = 2...4

  private let isOneSided: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    isOneSided = try attributes.int("onesided", default: 1) != 0
  }

  private struct Plan {
    let step: Int
    let frames: [Int]
    let transform: SignalTransform
  }

  private func plan(_ inputs: Operands<TensorType>) throws(OperatorError) -> Plan {
    let shape = inputs[0].shape
    guard shape.count == 3, shape[2] == 1 || shape[2] == 2 else { throw .invalid("cuts frames from \(shape)") }
    guard let step = try SignalTransform.number(inputs, 1, "frame_step"), step > 0 else {
      throw .invalid("frame_step is no positive number")
    }
    let window = inputs.optional(2)?.shape
    let given = try SignalTransform.number(inputs, 3, "frame_length")
    let length = given ?? window?.first ?? shape[1]
    guard length > 0, length <= shape[1], window == nil || window == [length] else {
      throw .invalid("cuts frames of \(length) from \(shape), with a window of shape \(window ?? [])")
    }
    let frames = [shape[0], 1 + (shape[1] - length) / step, length, shape[2]]
    return Plan(
      step: step, frames: frames,
      transform: try SignalTransform(frames, axis: 2, length: length, isInverse: false, isOneSided: isOneSided))
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let plan = try plan(inputs)
    _ = try Axes.checked(plan.frames, .float64)
    return [TensorType(inputs[0].dtype, try Axes.checked(plan.transform.result, .float64))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let (dtype, plan) = (inputs[0].dtype, try plan(inputs.types))
    guard dtype.isFloat else { throw .noKernel(for: dtype) }
    let x = try Conversion.convert(inputs[0], to: .float64)
    let window = try inputs.optional(2).map { (w) throws(OperatorError) in
      try Conversion.convert(w, to: .float64).elements(Double.self)
    }
    let (count, length, parts) = (plan.frames[1], plan.frames[2], plan.frames[3])
    let frames = try x.mapped(Double.self, shape: plan.frames) { from, to in
      for frame in 0..<(plan.frames[0] * count) {
        let start = from + (frame / count * x.shape[1] + frame % count * plan.step) * parts
        for i in 0..<(length * parts) { to[frame * length * parts + i] = start[i] * (window?[i / parts] ?? 1) }
      }
    }
    return [try Conversion.convert(plan.transform.run(frames), to: dtype)]
  }

  package func couple(_ c: inout Coupling) { c.tie(.input(0, 0), .output(0, 0)) }
}
