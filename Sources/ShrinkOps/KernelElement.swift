import ShrinkGraph
import ShrinkMath

/// An element type with matrix products, and with functions over contiguous elements that need no call for each.
protocol KernelElement: FloatElement, Real {
  /// C ← alpha op(A) op(B) + beta C, row-major, as `Gemm.single` has it.
  static func multiply(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int?,
    b: UnsafePointer<Self>, ldb: Int?, beta: Self, c: UnsafeMutablePointer<Self>, ldc: Int?) throws(MathError)
  /// Replaces each element by 1 / (1 + e⁻ˣ).
  static func sigmoids(_ x: UnsafeMutablePointer<Self>, _ count: Int)
  /// Replaces each element by its hyperbolic tangent.
  static func tangents(_ x: UnsafeMutablePointer<Self>, _ count: Int)
  /// Replaces each element x by e to the power x - `shift`, which must not be positive, and returns their sum.
  static func exponentials(_ x: UnsafeMutablePointer<Self>, _ count: Int, minus shift: Self) -> Self
}

extension KernelElement {
  /// The same with what most products leave out.
  static func product(
    transposeA: Bool = false, transposeB: Bool = false, _ m: Int, _ n: Int, _ k: Int, alpha: Self = 1,
    _ a: UnsafePointer<Self>, lda: Int? = nil, _ b: UnsafePointer<Self>, ldb: Int? = nil, beta: Self = 0,
    _ c: UnsafeMutablePointer<Self>, ldc: Int? = nil
  ) throws(MathError) {
    try multiply(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb,
      beta: beta, c: c, ldc: ldc)
  }
}

extension Float: KernelElement {
  static func multiply(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int?,
    b: UnsafePointer<Float>, ldb: Int?, beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int?
  ) throws(MathError) {
    try ShrinkMath.Gemm.single(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb,
      beta: beta, c: c, ldc: ldc)
  }
  static func sigmoids(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    VectorMath.map(x, count) { VectorMath.sigmoid($0) }
  }
  static func tangents(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
    VectorMath.map(x, count) { VectorMath.tangent($0) }
  }
  static func exponentials(_ x: UnsafeMutablePointer<Float>, _ count: Int, minus shift: Float) -> Float {
    VectorMath.map(x, count) { VectorMath.exponential($0 - shift) }
    return Reductions.sum(x, count)
  }
}

extension Double: KernelElement {
  static func multiply(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int?,
    b: UnsafePointer<Double>, ldb: Int?, beta: Double, c: UnsafeMutablePointer<Double>, ldc: Int?
  ) throws(MathError) {
    try ShrinkMath.Gemm.double(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a, lda: lda, b: b, ldb: ldb,
      beta: beta, c: c, ldc: ldc)
  }
  static func sigmoids(_ x: UnsafeMutablePointer<Double>, _ count: Int) {
    for i in 0..<count { x[i] = 1 / (1 + exponential(-x[i])) }
  }
  static func tangents(_ x: UnsafeMutablePointer<Double>, _ count: Int) {
    for i in 0..<count { x[i] = hyperbolicTangent(x[i]) }
  }
  static func exponentials(_ x: UnsafeMutablePointer<Double>, _ count: Int, minus shift: Double) -> Double {
    for i in 0..<count { x[i] = exponential(x[i] - shift) }
    return Reductions.sum(x, count)
  }
}

extension Tensor {
  /// The first element, whose type must be `T`; valid as long as the tensor is kept alive.
  func start<T: TensorElement>(_ type: T.Type) -> UnsafePointer<T> {
    precondition(dtype == T.dtype, "elements are \(dtype), not \(T.dtype)")
    return UnsafePointer((storage.bytes + offset).assumingMemoryBound(to: T.self))
  }

  /// A tensor whose elements the caller is still to write, before anybody else sees it; and the first of them.
  static func unwritten<T: TensorElement>(
    _ shape: [Int], _ type: T.Type
  ) -> (tensor: Tensor, start: UnsafeMutablePointer<T>) {
    let count = Tensor.count(shape)
    let storage = TensorStorage(byteCount: count * MemoryLayout<T>.stride)
    let start = storage.bytes.bindMemory(to: T.self, capacity: count)
    return (Tensor(dtype: T.dtype, shape: shape, storage: storage), start)
  }
}

extension Operands<Tensor> {
  /// Throws unless the operands in `slots` that are there have the element type of the first.
  func checkSameType(_ slots: [Int]) throws(OperatorError) {
    for slot in slots {
      guard let operand = optional(slot), operand.dtype != self[0].dtype else { continue }
      throw .invalid("operand \(slot) has elements of type \(operand.dtype) where \(self[0].dtype) belongs")
    }
  }
}
