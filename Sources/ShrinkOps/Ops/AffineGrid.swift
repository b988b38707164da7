import ShrinkGraph
import ShrinkMath

/// The places that affine maps send the elements of an image to: theta [N, rank, rank + 1] gives [N, spatial…, rank].
///
/// Source: the ONNX specification of AffineGrid, version 20.
package struct AffineGrid: Operator {
  package static let names = ["AffineGrid"]
  package static let opsets = 20...28
  package static let inputs = 2...2
  private let alignsCorners: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    alignsCorners = try attributes.int("align_corners", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let size = inputs[1].constant else { throw .shapeDependsOnData }
    return [try .sized(inputs[0].dtype, shape(inputs[0].shape, size, inputs[0].dtype))]
  }

  /// The shape of the result for a `size` of [N, C, spatial…].
  private func shape(_ theta: [Int], _ size: Tensor, _ dtype: DType) throws(OperatorError) -> [Int] {
    guard let size = size.integers, size.count == 4 || size.count == 5 else {
      throw .invalid("operand 'size' must be 4 or 5 integers")
    }
    let rank = size.count - 2
    guard theta == [size[0], rank, rank + 1] else { throw .invalid("maps \(theta) do not fit a size of \(size)") }
    return try Axes.checked([size[0]] + size.dropFirst(2) + [rank], dtype)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let theta = inputs[0]
    let shape = try shape(theta.shape, inputs[1], theta.dtype)
    switch theta.dtype {
    case .float32: return [try grid(theta, shape, Float.self)]
    case .float64: return [try grid(theta, shape, Double.self)]
    default: return try Conversion.widening(inputs, run)
    }
  }

  private func grid<T: FloatElement>(_ theta: Tensor, _ shape: [Int], _ type: T.Type) throws(OperatorError) -> Tensor {
    let lengths = Array(shape.dropFirst().dropLast()), rank = lengths.count
    // The coordinate of each index of each axis, the last axis first as in the maps.
    let coordinates = lengths.reversed().map { length in
      (0..<length).map { i -> T in
        guard alignsCorners else { return T(2 * i + 1 - length) / T(length) }
        return length > 1 ? T(2 * i - (length - 1)) / T(length - 1) : 0
      }
    }
    let places = lengths.product
    return try theta.mapped(T.self, shape: shape) { theta, y in
      Parallel.forEach(shape[0] * places, minimumChunk: parallelGrain / 16) { range in
        for place in range {
          let map = theta + place / places * rank * (rank + 1)
          for row in 0..<rank {
            var (rest, sum) = (place % places, map[row * (rank + 1) + rank])
            for (axis, values) in coordinates.enumerated() {
              sum += map[row * (rank + 1) + axis] * values[rest % values.count]
              rest /= values.count
            }
            y[place * rank + row] = sum
          }
        }
      }
    }
  }
}
