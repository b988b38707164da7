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

  /// How the second operand stood against the first before opset 7: equal shapes, or with `broadcast` its axes from `axis`
  /// of the first on, at the end when that is left out.
  struct Placement: Sendable {
    private let isNamed: Bool
    private let isBroadcast: Bool
    private let axis: Int?

    /// Reads `broadcast` and `axis`.
    init(_ attributes: Attributes) throws(OperatorError) {
      isNamed = attributes.opset < 7
      isBroadcast = isNamed ? try attributes.int("broadcast", default: 0) != 0 : true
      axis = isNamed && isBroadcast ? try attributes.int("axis") : nil
    }

    /// The shape under which the second operand repeats into the first as others do from opset 7 on.
    func shape(_ b: [Int], against a: [Int]) throws(OperatorError) -> [Int] {
      guard isNamed else { return b }
      guard isBroadcast || a == b else { throw .cannotBroadcast([a, b]) }
      guard isBroadcast, let axis, Tensor.checkedCount(b) != 1 else { return b }
      let first = try Axes.position(axis, rank: a.count)
      guard first + b.count <= a.count else { throw .cannotBroadcast([a, b]) }
      return b + [Int](repeating: 1, count: a.count - first - b.count)
    }

    /// Both operands as they repeat from opset 7 on.
    func placed(_ inputs: Operands<Tensor>) throws(OperatorError) -> Operands<Tensor> {
      let shape = try shape(inputs[1].shape, against: inputs[0].shape)
      return Operands([inputs[0], inputs[1].reshaped(shape)])
    }

    /// The shape of the result.
    func shape(_ inputs: Operands<TensorType>) throws(OperatorError) -> [Int] {
      try Broadcast.shape([inputs[0].shape, shape(inputs[1].shape, against: inputs[0].shape)])
    }

    /// Ties what repeats from the last axis on; other placements stay whole.
    func couple(_ c: inout Coupling) {
      guard let b = try? shape(c.inputs[1].shape, against: c.inputs[0].shape), b == c.inputs[1].shape else { return }
      Broadcast.couple(&c)
    }
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
