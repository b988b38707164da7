import ShrinkGraph
import ShrinkMath

/// Matrix products of 8-bit integers less their zero points: MatMulInteger gives the sums, QLinearMatMul 8-bit integers.
///
///   sum = (a − a_zero) (b − b_zero),  y = saturate(round(sum · a_scale · b_scale / y_scale) + y_zero)
///
/// Scales and zero points of A are one number or one for each row, those of B one or one for each column. Source: the
/// ONNX specification of MatMulInteger, version 10, and QLinearMatMul, versions 10 and 21.
package struct MatMulInteger: Operator {
  package static let names = ["MatMulInteger", "QLinearMatMul"]
  package static let opsets = 10...28
  package static let inputs = 2...8

  /// Whether the result is quantised again.
  private let isQuantized: Bool

  package init(_ attributes: Attributes) throws(OperatorError) { isQuantized = attributes.opType == "QLinearMatMul" }

  /// The operands by their role.
  private struct Roles<Element: Sendable> {
    let a: Element, b: Element
    let zeroA: Element?, zeroB: Element?

    init(_ inputs: Operands<Element>, _ isQuantized: Bool) throws(OperatorError) {
      guard !isQuantized || (inputs.count == 8 && inputs.present.count == 8) else {
        throw .invalid("an operand is missing")
      }
      (a, b) = (inputs[0], inputs[isQuantized ? 3 : 1])
      (zeroA, zeroB) = (inputs.optional(2), inputs.optional(isQuantized ? 5 : 3))
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let roles = try Roles(inputs, isQuantized)
    return [
      try .sized(
        isQuantized ? inputs[7].dtype : .int32, Axes.checked(ProductSizes(roles.a.shape, roles.b.shape).shape, .int32))
    ]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let roles = try Roles(inputs, isQuantized)
    let sizes = try ProductSizes(roles.a.shape, roles.b.shape)
    let a = try IntegerProduct.shifted(roles.a, by: roles.zeroA.map { IntegerProduct.column($0, axes: 1) })
    let b = try IntegerProduct.shifted(roles.b, by: roles.zeroB)
    let sums = try product(a, b, sizes)
    guard isQuantized else { return [sums.reshaped(sizes.shape)] }
    let factor = try IntegerProduct.factor(
      IntegerProduct.column(inputs[1], axes: 1), inputs[4], IntegerProduct.column(inputs[6], axes: 1))
    let zero = IntegerProduct.column(inputs[7], axes: 1)
    return [try IntegerProduct.requantized(sums, by: factor, zero: zero).reshaped(sizes.shape)]
  }

  /// The sums, batch × m × n.
  private func product(_ a: Tensor, _ b: Tensor, _ s: ProductSizes) throws(OperatorError) -> Tensor {
    let (m, n, k) = (s.m, s.n, s.k)
    let walk = Walk(
      s.batch, strides: [Broadcast.strides(s.batchA, in: s.batch), Broadcast.strides(s.batchB, in: s.batch)])
    let isWeight = s.batchB.product == 1
    return try Tensor(shape: s.batch + [m, n], Int32.self) {
      (y: UnsafeMutableBufferPointer<Int32>) throws(OperatorError) in
      guard let y = y.baseAddress, m * n * s.batch.product > 0 else { return }
      try a.withPointer(Float.self) { (a) throws(OperatorError) in
        try b.withPointer(Float.self) { (b) throws(OperatorError) in
          if isWeight { return try IntegerProduct.multiply(m: s.batch.product * m, n: n, k: k, a, b, y) }
          var pairs: [(Int, Int)] = []
          walk.forEachRow(in: 0..<walk.rows) { _, i, j, _ in
            for step in 0..<walk.inner { pairs.append((i + step * walk.step(0), j + step * walk.step(1))) }
          }
          for (image, pair) in pairs.enumerated() {
            try IntegerProduct.multiply(m: m, n: n, k: k, a + pair.0 * m * k, b + pair.1 * k * n, y + image * m * n)
          }
        }
      }
    }
  }
}
