import ShrinkGraph
import ShrinkMath

/// The discrete Fourier transform along an axis; the last axis holds real and imaginary parts.
///
/// The axis is an attribute before opset 20, and the third operand since. One-sided: the transform of real numbers keeps
/// the first half of the spectrum, and the inverse makes real numbers of such a half.
package struct DFT: Operator {
  package static let names = ["DFT"]
  package static let opsets = 17...28
  package static let inputs = 1...3

  private let attribute: Int?
  private let isInverse: Bool
  private let isOneSided: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    attribute = attributes.opset < 20 ? try attributes.int("axis", default: 1) : nil
    isInverse = try attributes.int("inverse", default: 0) != 0
    isOneSided = try attributes.int("onesided", default: 0) != 0
  }

  private func plan(_ inputs: Operands<TensorType>) throws(OperatorError) -> SignalTransform {
    let shape = inputs[0].shape
    guard let parts = shape.last, parts == 1 || parts == 2, shape.count > 1 else {
      throw .invalid("transforms \(shape), whose last axis has no real and imaginary parts")
    }
    let operand = try SignalTransform.number(inputs, 2, "axis") ?? -2
    let given = attribute ?? operand
    let axis = try Axes.position(given, rank: shape.count)
    guard axis < shape.count - 1 else { throw .invalid("transforms \(shape) along axis \(given)") }
    // Beyond what a transform may have there is no need to count.
    let bins = min(max(1, shape[axis]), 1 << 40)
    let own = isInverse && isOneSided ? 2 * (bins - 1) : shape[axis]
    let length = try SignalTransform.number(inputs, 1, "dft_length") ?? own
    return try SignalTransform(shape, axis: axis, length: length, isInverse: isInverse, isOneSided: isOneSided)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    [try .sized(inputs[0].dtype, plan(inputs).result)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (dtype, plan) = (inputs[0].dtype, try plan(inputs.types))
    _ = try TensorType.sized(dtype, plan.result)
    guard dtype.isFloat else { throw .noKernel(for: dtype) }
    let y = try plan.run(Conversion.convert(inputs[0], to: .float64))
    return [try Conversion.convert(y, to: dtype)]
  }

  package func couple(_ c: inout Coupling) {
    guard let axis = try? plan(c.inputs).axis else { return }
    c.tieAll(input: 0, output: 0, except: [axis, c.inputs[0].shape.count - 1])
  }
}
