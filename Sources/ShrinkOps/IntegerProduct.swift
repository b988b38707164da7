import ShrinkGraph
import ShrinkMath

/// Exact products of matrices of 8-bit integers, through float32 products of few terms.
///
/// A factor is a difference of two 8-bit integers, at most 255; 256 products of two sum to less than 2²⁴, which float32
/// holds exactly. The sums of such blocks are added as 32-bit integers that wrap.
enum IntegerProduct {
  /// Terms that are summed in float32.
  private static let block = 256

  /// C ← A B with A: m × k, B: k × n, C: m × n, all row-major.
  static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Int32>
  ) throws(OperatorError) {
    c.update(repeating: 0, count: m * n)
    guard m > 0, n > 0, k > 0 else { return }
    let part = UnsafeMutablePointer<Float>.allocate(capacity: m * n)
    defer { part.deallocate() }
    for first in stride(from: 0, to: k, by: block) {
      try OperatorError.math { () throws(MathError) in
        try ShrinkMath.Gemm.single(
          m: m, n: n, k: min(block, k - first), a: a + first, lda: k, b: b + first * n, ldb: n, c: part, ldc: n)
      }
      Parallel.forEach(m * n, minimumChunk: parallelGrain) { range in
        for i in range { c[i] &+= Int32(part[i]) }
      }
    }
  }

  /// x − zero as float32; the zero point repeats into the shape of `x`.
  ///
  /// Throws when their types differ, are not 8-bit integers, or the shapes do not fit.
  static func shifted(_ x: Tensor, by zero: Tensor?) throws(OperatorError) -> Tensor {
    guard x.dtype == .int8 || x.dtype == .uint8 else { throw .noKernel(for: x.dtype) }
    let numbers = try Conversion.convert(x, to: .float32)
    guard let zero else { return numbers }
    guard zero.dtype == x.dtype, try Broadcast.shape([x.shape, zero.shape]) == x.shape else {
      throw .invalid("a zero point \(zero.dtype)\(zero.shape) does not fit \(x.dtype)\(x.shape)")
    }
    return Broadcast.map(numbers, try Conversion.convert(zero, to: .float32), to: x.shape) { (x: Float, z: Float) in
      x - z
    }
  }

  /// saturate(round(x · factor) + zero) for sums of products; the factor and the zero point repeat into their shape.
  static func requantized(_ x: Tensor, by factor: Tensor, zero: Tensor) throws(OperatorError) -> Tensor {
    guard let bounds = Quantization.bounds(zero.dtype), zero.dtype == .int8 || zero.dtype == .uint8 else {
      throw .noKernel(for: zero.dtype)
    }
    guard try Broadcast.shape([x.shape, factor.shape, zero.shape]) == x.shape else {
      throw .invalid("a scale \(factor.shape) and a zero point \(zero.shape) do not fit a result \(x.shape)")
    }
    let scaled = Broadcast.map(x, factor, to: x.shape) { (x: Int32, f: Float) in Float(x) * f }
    let zeros = try Conversion.convert(zero, to: .float32)
    let integers = Broadcast.map(scaled, zeros, to: x.shape) { (x: Float, z: Float) in
      Quantization.saturated(x, z, bounds)
    }
    return try Conversion.convert(integers, to: zero.dtype)
  }

  /// A scale or zero point of one element a row or channel, so that it repeats along the axes behind.
  ///
  /// `axes`: how many axes there are behind. Tensors of another rank stay as they are.
  static func column(_ x: Tensor, axes: Int) -> Tensor {
    if x.count == 1 { return x.reshaped([]) }
    return x.rank == 1 ? x.reshaped(x.shape + [Int](repeating: 1, count: axes)) : x
  }

  /// The scale of a product, a · b / y, each of one float type.
  static func factor(_ a: Tensor, _ b: Tensor, _ y: Tensor) throws(OperatorError) -> Tensor {
    let (a, b, y) = (
      try Conversion.convert(a, to: .float32), try Conversion.convert(b, to: .float32),
      try Conversion.convert(y, to: .float32)
    )
    let product = Broadcast.map(a, b, to: try Broadcast.shape([a.shape, b.shape])) { (a: Float, b: Float) in a * b }
    let shape = try Broadcast.shape([product.shape, y.shape])
    return Broadcast.map(product, y, to: shape) { (p: Float, y: Float) in p / y }
  }
}
