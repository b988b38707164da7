import ShrinkGraph
import ShrinkMath

/// Determinants of the square matrices in the last two axes.
package struct Det: Operator {
  package static let names = ["Det"]
  package static let opsets = 11...28
  package static let inputs = 1...1

  package init(_ attributes: Attributes) throws(OperatorError) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = inputs[0].shape
    guard shape.count > 1, shape[shape.count - 1] == shape[shape.count - 2] else {
      throw .invalid("takes the determinants of \(shape)")
    }
    return [TensorType(inputs[0].dtype, try Axes.checked(Array(shape.dropLast(2)), inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    guard type.dtype.isFloat else { throw .noKernel(for: type.dtype) }
    let x = try Conversion.convert(inputs[0], to: .float64)
    let n = x.shape[x.rank - 1]
    guard x.count > 0 else {
      return [try Conversion.convert(Tensor(shape: type.shape, repeating: 1.0), to: type.dtype)]
    }
    let result = try x.mapped(Double.self, shape: type.shape) { x, y in
      Parallel.forEach(type.shape.product, minimumChunk: max(1, parallelGrain / max(1, n * n * n))) { range in
        for i in range { y[i] = Self.determinant(Array(UnsafeBufferPointer(start: x + i * n * n, count: n * n)), n) }
      }
    }
    return [try Conversion.convert(result, to: type.dtype)]
  }

  /// Gaussian elimination with partial pivoting.
  private static func determinant(_ matrix: [Double], _ n: Int) -> Double {
    var (a, result) = (matrix, 1.0)
    for column in 0..<n {
      var pivot = column
      for row in column..<n where abs(a[row * n + column]) > abs(a[pivot * n + column]) { pivot = row }
      if pivot != column {
        for j in 0..<n { a.swapAt(pivot * n + j, column * n + j) }
        result = -result
      }
      let head = a[column * n + column]
      result *= head
      if head == 0 { return 0 }
      for row in (column + 1)..<max(n, column + 1) {
        let factor = a[row * n + column] / head
        for j in column..<n { a[row * n + j] -= factor * a[column * n + j] }
      }
    }
    return result
  }

  package func couple(_ c: inout Coupling) {
    for axis in c.outputs[0].shape.indices { c.tie(.input(0, axis), .output(0, axis)) }
  }
}
