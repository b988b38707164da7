import ShrinkGraph

/// Where elements are not zero: one row an axis, one column an element, in row-major order.
///
/// x [D…] → int64 [rank, count]; a scalar gives [0, 0 or 1]. Source: ONNX NonZero-13.
package struct NonZero: Operator {
  package static let names = ["NonZero"]
  package static let opsets = 9...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try inferByRunning(inputs)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let places = try Conversion.convert(x, to: .bool).withElements(Bool.self) { flags in
      flags.indices.filter { flags[$0] }
    }
    let (strides, count) = (Axes.strides(x.shape), places.count)
    return [
      Tensor(shape: [x.rank, count], Int64.self) { target in
        for axis in x.shape.indices {
          for (i, place) in places.enumerated() {
            target[axis * count + i] = Int64(place / strides[axis] % x.shape[axis])
          }
        }
      }
    ]
  }
}
