import ShrinkGraph
import ShrinkMath

/// y = alpha · op(A) op(B) + beta · C, with op a transposition or nothing; A and B are matrices.
package struct Gemm: LinearOperator {
  package static let names = ["Gemm"]
  package static let opsets = 1...28
  package static let inputs = 2...3

  let transposeA: Bool
  let transposeB: Bool
  package let factors: (product: Float, bias: Float)

  package init(_ attributes: Attributes) throws(OperatorError) {
    transposeA = try attributes.int("transA", default: 0) != 0
    transposeB = try attributes.int("transB", default: 0) != 0
    factors = (try attributes.float("alpha", default: 1), try attributes.float("beta", default: 1))
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (a, b) = (inputs[0], inputs[1])
    guard a.shape.count == 2, b.shape.count == 2 else { throw .invalid("multiplies \(a.shape) by \(b.shape)") }
    let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
    let (inner, n) = transposeB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
    guard k == inner, a.dtype == b.dtype else {
      throw .invalid(
        "multiplies \(a.dtype)\(a.shape) by \(b.dtype)\(b.shape), transposed: \(transposeA), \(transposeB)")
    }
    if let c = inputs.optional(2) {
      let shape = [Int](repeating: 1, count: max(0, 2 - c.shape.count)) + c.shape
      guard shape.count == 2, shape[0] == m || shape[0] == 1, shape[1] == n || shape[1] == 1, c.dtype == a.dtype else {
        throw .invalid("adds \(c.dtype)\(c.shape) to a product \(a.dtype)[\(m), \(n)]")
      }
    }
    return [try .sized(a.dtype, [m, n])]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (a, b, c) = (inputs[0], inputs[1], inputs.optional(2))
    let types = Operands([a, b, c].map { $0.map { TensorType($0.dtype, $0.shape) } })
    let shape = try infer(types)[0].shape
    switch a.dtype {
    case .float32: break
    case .float64: return [try runDouble(a, b, c, shape)]
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    // Exact up to 2⁵³.
    case .int32, .int64, .uint32, .uint64: return try Conversion.through(.float64, inputs, run)
    default: throw .noKernel(for: a.dtype)
    }
    let k = a.shape[transposeA ? 0 : 1]
    return [
      try a.mapped(Float.self, shape: shape) { (a, y) throws(OperatorError) in
        c.map { spread($0, shape, y) }
        try b.withPointer(Float.self) { (b) throws(OperatorError) in
          try OperatorError.math { () throws(MathError) in
            try ShrinkMath.Gemm.single(
              transposeA: transposeA, transposeB: transposeB, m: shape[0], n: shape[1], k: k, alpha: factors.product,
              a: a, b: b, beta: c == nil ? 0 : factors.bias, c: y)
          }
        }
      }
    ]
  }

  private func runDouble(_ a: Tensor, _ b: Tensor, _ c: Tensor?, _ shape: [Int]) throws(OperatorError) -> Tensor {
    try a.mapped(Double.self, shape: shape) { (x, y) throws(OperatorError) in
      c.map { spread($0, shape, y) }
      try b.withPointer(Double.self) { (w) throws(OperatorError) in
        try OperatorError.math { () throws(MathError) in
          try ShrinkMath.Gemm.double(
            transposeA: transposeA, transposeB: transposeB, m: shape[0], n: shape[1], k: a.shape[transposeA ? 0 : 1],
            alpha: Double(factors.product), a: x, b: w, beta: c == nil ? 0 : Double(factors.bias), c: y)
        }
      }
    }
  }

  /// Copies the summand to every place that it is added at.
  private func spread<T: TensorElement>(_ c: Tensor, _ shape: [Int], _ y: UnsafeMutablePointer<T>) {
    let (rows, columns) = (c.rank < 2 ? 1 : c.shape[0], c.shape.last ?? 1)
    c.withElements(T.self) { c in
      for i in 0..<shape[0] {
        let from = rows == 1 ? 0 : i * columns
        for j in 0..<shape[1] { y[i * shape[1] + j] = c[columns == 1 ? from : from + j] }
      }
    }
  }

  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, transposeA ? 1 : 0), .output(0, 0))
    c.tie(.input(1, transposeB ? 0 : 1), .output(0, 1))
    if let shape = c.inputs.optional(2)?.shape {
      for axis in shape.indices {
        let y = Port.output(0, axis + 2 - shape.count)
        if shape[axis] == c.size(y) { c.tie(.input(2, axis), y) }
      }
    }
    c.contract(.input(0, transposeA ? 0 : 1), with: .input(1, transposeB ? 1 : 0))
  }
}

// MARK: Matrix view

extension Gemm {
  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let (a, c) = (inputs[0], inputs.optional(2))
    guard a.dtype == .float32, let shape = try? infer(inputs)[0].shape else { return [] }
    if let c { guard c.shape == [shape[1]] || c.shape == [1, shape[1]] else { return [] } }
    let product = LinearProduct(
      channels: a.shape[transposeA ? 0 : 1], taps: 1, outputs: shape[1], positions: shape[0], isPadded: false)
    return [
      Reading(isTransposed: transposeA, hasOutputsFirst: transposeB, product: product, factors: factors)
    ]
  }

  private struct Reading: LinearReading {
    let isTransposed: Bool
    /// Whether the weight is outputs × inputs.
    let hasOutputsFirst: Bool
    let product: LinearProduct
    let factors: (product: Float, bias: Float)
    var data: Port { .input(0, isTransposed ? 0 : 1) }
    let output: Port? = .output(0, 1)
    let weight = 1
    let bias: Int? = 2

    func gatherRows(
      _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
    ) {
      let (k, m) = (x.shape[isTransposed ? 0 : 1], x.shape[isTransposed ? 1 : 0])
      gather(x, positions, columns: k, into: rows) { x, position, row, _ in
        if isTransposed {
          for i in 0..<k { row[i] = x[i * m + position] }
        } else {
          row.update(from: x + position * k, count: k)
        }
      }
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
