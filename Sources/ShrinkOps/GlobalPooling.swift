import ShrinkGraph
import ShrinkMath

/// What the global poolings share: every channel of every sample becomes one number.
enum GlobalPooling {
  static func infer(_ x: TensorType) throws(OperatorError) -> [TensorType] {
    guard x.shape.count > 1 else { throw .invalid("pools a tensor of shape \(x.shape)") }
    return [TensorType(x.dtype, pooled(x.shape))]
  }

  private static func pooled(_ shape: [Int]) -> [Int] {
    shape.prefix(2) + [Int](repeating: 1, count: shape.count - 2)
  }

  static func run<T: FloatElement>(
    _ x: Tensor, _ type: T.Type, _ reduce: (UnsafePointer<T>, Int) -> T
  ) throws(OperatorError) -> [Tensor] {
    guard x.rank > 1 else { throw .invalid("pools a tensor of shape \(x.shape)") }
    let (planes, plane) = (x.shape.prefix(2).product, x.shape.dropFirst(2).product)
    return [
      try x.mapped(T.self, shape: pooled(x.shape)) { x, y in
        Parallel.forEach(planes, minimumChunk: max(1, parallelGrain / max(1, plane))) { range in
          for p in range { y[p] = reduce(x + p * plane, plane) }
        }
      }
    ]
  }

  static func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    c.tie(.input(0, 1), .output(0, 1))
  }
}
