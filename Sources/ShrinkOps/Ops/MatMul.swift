import ShrinkGraph
import ShrinkMath

/// Matrix product of the last two axes; the axes before them are broadcast.
package struct MatMul: LinearOperator {
  package static let names = ["MatMul"]
  package static let opsets = 1...28
  package static let inputs = 2...2

  package init(_ attributes: Attributes) throws(OperatorError) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (a, b) = (inputs[0], inputs[1])
    guard a.dtype == b.dtype else { throw .invalid("multiplies elements of type \(a.dtype) by \(b.dtype)") }
    return [try .sized(a.dtype, ProductSizes(a.shape, b.shape).shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let (a, b) = (inputs[0], inputs[1])
    guard a.dtype == b.dtype else { throw .invalid("multiplies elements of type \(a.dtype) by \(b.dtype)") }
    let sizes = try ProductSizes(a.shape, b.shape)
    switch a.dtype {
    case .float32: return [try multiply(a, b, sizes, Self.multiply)]
    case .float64: return [try multiply(a, b, sizes, Self.multiplyDouble)]
    case .int64: return [try multiply(a, b, sizes, Self.multiplyIntegers)]
    case .uint64: return try Conversion.through(.int64, inputs, run)
    default: return try Conversion.widening(inputs, run)
    }
  }

  private func multiply<T: TensorElement>(
    _ a: Tensor, _ b: Tensor, _ sizes: ProductSizes,
    _ body: (UnsafePointer<T>, UnsafePointer<T>, UnsafeMutablePointer<T>, ProductSizes) throws(MathError) -> Void
  ) throws(OperatorError) -> Tensor {
    try a.mapped(T.self, shape: sizes.shape) { (x, y) throws(OperatorError) in
      try b.withPointer(T.self) { (w) throws(OperatorError) in
        try OperatorError.math { () throws(MathError) in try body(x, w, y, sizes) }
      }
    }
  }

  private static func multiplyDouble(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ s: ProductSizes
  ) throws(MathError) {
    for i in 0..<s.batch.product {
      try ShrinkMath.Gemm.double(
        m: s.m, n: s.n, k: s.k, a: a + s.matrix(i, s.batchA) * s.m * s.k, b: b + s.matrix(i, s.batchB) * s.k * s.n,
        c: y + i * s.m * s.n)
    }
  }

  /// Integers wrap around.
  private static func multiplyIntegers(
    _ a: UnsafePointer<Int64>, _ b: UnsafePointer<Int64>, _ y: UnsafeMutablePointer<Int64>, _ s: ProductSizes
  ) {
    Parallel.forEach(s.batch.product * s.m, minimumChunk: max(1, parallelGrain / max(1, s.k * s.n))) { range in
      for line in range {
        let (i, row) = (line / s.m, line % s.m)
        let from = a + (s.matrix(i, s.batchA) * s.m + row) * s.k
        let (matrix, to) = (b + s.matrix(i, s.batchB) * s.k * s.n, y + line * s.n)
        to.update(repeating: 0, count: s.n)
        for inner in 0..<s.k {
          for column in 0..<s.n { to[column] &+= from[inner] &* matrix[inner * s.n + column] }
        }
      }
    }
  }

  private static func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ s: ProductSizes
  ) throws(MathError) {
    let count = s.batch.product
    guard count > 0 else { return }
    if s.batchB.product == 1 {
      return try ShrinkMath.Gemm.single(m: count * s.m, n: s.n, k: s.k, a: a, b: b, c: y)
    }
    if s.batchA == s.batch || s.batchA.product == 1, s.batchB == s.batch {
      return try ShrinkMath.Gemm.batched(
        batch: count, m: s.m, n: s.n, k: s.k, a: a, strideA: s.batchA == s.batch ? s.m * s.k : 0, b: b,
        strideB: s.k * s.n, c: y, strideC: s.m * s.n)
    }
    for i in 0..<count {
      try ShrinkMath.Gemm.single(
        m: s.m, n: s.n, k: s.k, a: a + s.matrix(i, s.batchA) * s.m * s.k, b: b + s.matrix(i, s.batchB) * s.k * s.n,
        c: y + i * s.m * s.n)
    }
  }

  package func couple(_ c: inout Coupling) {
    Self.couple(&c, left: Array(c.inputs[0].shape.indices), right: Array(c.inputs[1].shape.indices))
  }

  /// The same where the axes of the operands are multiplied in another order: axis i of the product is axis left[i] or
  /// right[i].
  static func couple(_ c: inout Coupling, left: [Int], right: [Int]) {
    let order = [left, right]
    let (a, b) = (left.map { c.inputs[0].shape[$0] }, right.map { c.inputs[1].shape[$0] })
    let y = c.outputs[0].shape
    let port = { (slot: Int, axis: Int) in Port.input(slot, order[slot][axis]) }
    // Axes of the result that stand for rows and columns, where the operand has them.
    if b.count > 1 { c.tie(port(1, b.count - 1), .output(0, y.count - 1)) }
    if a.count > 1 { c.tie(port(0, a.count - 2), .output(0, y.count - (b.count > 1 ? 2 : 1))) }
    let batch = y.count - (a.count > 1 ? 1 : 0) - (b.count > 1 ? 1 : 0)
    for (slot, shape) in [a, b].enumerated() where shape.count > 2 {
      for axis in 0..<(shape.count - 2) where shape[axis] == y[batch - shape.count + 2 + axis] {
        c.tie(port(slot, axis), .output(0, batch - shape.count + 2 + axis))
      }
    }
    guard !a.isEmpty, !b.isEmpty else { return }
    let (left, right) = (port(0, a.count - 1), port(1, max(b.count - 2, 0)))
    if c.isStored(1), b.count == 2 {
      c.contract(left, with: right)
    } else if !c.isStored(0), !c.isStored(1) {
      c.pair(left, right)
    }
  }
}

// MARK: Matrix view

extension MatMul {
  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] { Self.readings(inputs) }

  /// The map for operands as they are multiplied; `hasOutputsFirst`: whether the weight stands transposed in its tensor.
  static func readings(
    _ inputs: Operands<TensorType>, hasOutputsFirst: Bool = false, factor: Float = 1
  ) -> [any LinearReading] {
    let (a, b) = (inputs[0], inputs[1])
    guard a.dtype == .float32, b.dtype == .float32, b.shape.count == 2, !a.shape.isEmpty,
      let sizes = try? ProductSizes(a.shape, b.shape)
    else { return [] }
    let product = LinearProduct(
      channels: b.shape[0], taps: 1, outputs: b.shape[1], positions: a.shape.dropLast().product, isPadded: false)
    return [
      Reading(
        data: .input(0, a.shape.count - 1), output: .output(0, sizes.shape.count - 1), product: product,
        hasOutputsFirst: hasOutputsFirst, factors: (factor, 1))
    ]
  }

  private struct Reading: LinearReading {
    let data: Port
    let output: Port?
    let product: LinearProduct
    let hasOutputsFirst: Bool
    let factors: (product: Float, bias: Float)
    let weight = 1
    let bias: Int? = nil

    func gatherRows(
      _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
    ) {
      gatherLast(x, positions, into: rows)
    }

    func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {
      gatherLast(y, positions, into: rows)
    }

    func matrixOrder() -> [Int] {
      let (k, n) = (product.channels, product.outputs)
      return hasOutputsFirst ? (0..<k).flatMap { i in (0..<n).map { $0 * k + i } } : Array(0..<k * n)
    }
  }
}

/// Copies rows along the last axis at `positions`.
func gatherLast(_ x: Tensor, _ positions: [Int], into rows: UnsafeMutablePointer<Float>) {
  let n = x.shape.last ?? 1
  gather(x, positions, columns: n, into: rows) { x, position, row, _ in row.update(from: x + position * n, count: n) }
}
