import ShrinkGraph

/// ONNX multidirectional broadcasting: shapes are aligned at their last axes, and an axis of size 1 repeats.
///
/// Source: ONNX documentation, "Broadcasting in ONNX".
enum Broadcast {
  /// The shape that all of the shapes repeat into.
  ///
  /// Throws when two sizes other than 1 differ.
  static func shape(_ shapes: [[Int]]) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for shape in shapes {
      if shape.count > result.count { result = [Int](repeating: 1, count: shape.count - result.count) + result }
      let lead = result.count - shape.count
      for axis in shape.indices where shape[axis] != result[lead + axis] {
        if result[lead + axis] == 1 {
          result[lead + axis] = shape[axis]
        } else if shape[axis] != 1 {
          throw .cannotBroadcast(shapes)
        }
      }
    }
    return try Axes.checked(result, .uint8)
  }

  /// Steps in elements along the axes of `result` for an array of `shape`; 0 where it repeats.
  static func strides(_ shape: [Int], in result: [Int]) -> [Int] {
    let own = Axes.strides(shape)
    let lead = result.count - shape.count
    return result.indices.map { $0 < lead || shape[$0 - lead] == 1 ? 0 : own[$0 - lead] }
  }

  /// Applies a function to two arrays that repeat into `shape`.
  @inline(__always)
  static func map<A: TensorElement, B: TensorElement, R: TensorElement>(
    _ a: Tensor, _ b: Tensor, to shape: [Int], _ function: (A, B) -> R
  ) -> Tensor {
    let walk = Walk(shape, strides: [strides(a.shape, in: shape), strides(b.shape, in: shape)])
    return Tensor(shape: shape, R.self) { target in
      a.withElements(A.self) { x in
        b.withElements(B.self) { y in
          guard let r = target.baseAddress, let x = x.baseAddress, let y = y.baseAddress else { return }
          walk.forEachRun { to, i, j, _, count in
            run(r + to, x + i, y + j, (walk.step(0), walk.step(1)), count, function)
          }
        }
      }
    }
  }

  /// One run: contiguous or repeated operands in loops of their own, which the compiler can turn into vector code.
  @inline(__always)
  private static func run<A, B, R>(
    _ r: UnsafeMutablePointer<R>, _ x: UnsafePointer<A>, _ y: UnsafePointer<B>, _ steps: (Int, Int), _ count: Int,
    _ function: (A, B) -> R
  ) {
    switch steps {
    case (1, 1):
      for k in 0..<count { r[k] = function(x[k], y[k]) }
    case (1, 0):
      let constant = y[0]
      for k in 0..<count { r[k] = function(x[k], constant) }
    case (0, 1):
      let constant = x[0]
      for k in 0..<count { r[k] = function(constant, y[k]) }
    default:
      for k in 0..<count { r[k] = function(x[k * steps.0], y[k * steps.1]) }
    }
  }

  /// Ties every axis of every operand with the result's, except where it repeats: an axis of size 1 must stay.
  static func couple(_ c: inout Coupling) {
    guard let result = c.outputs.first else { return }
    for slot in 0..<c.inputs.count {
      guard let shape = c.inputs.optional(slot)?.shape, shape.count <= result.shape.count else { continue }
      for axis in shape.indices where shape[axis] != 1 {
        c.tie(.input(slot, axis), .output(0, axis + result.shape.count - shape.count))
      }
    }
  }
}

extension OperatorError {
  fileprivate static func cannotBroadcast(_ shapes: [[Int]]) -> OperatorError {
    .invalid("the shapes \(shapes.map { "\($0)" }.joined(separator: ", ")) cannot be broadcast together")
  }
}
