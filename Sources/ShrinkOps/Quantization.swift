import ShrinkGraph
import ShrinkMath

/// What the quantising operators share: which scale belongs to which element, and numbers behind quantised elements.
///
/// Source: the ONNX specification of QuantizeLinear, versions 10 to 28.
enum Quantization {
  /// Where the scale of each element stands: for element (o, i, j) of outer × length × inner at
  /// o · outerStep + i / block · axisStep + j · innerStep.
  struct Granularity: Equatable {
    let length: Int
    let inner: Int
    var outerStep = 0
    var axisStep = 0
    var innerStep = 0
    var block = 1

    /// Reads it from the shape of the scale: one number, one for each place of `axis`, or one for each block of places.
    init(_ shape: [Int], scale: [Int], axis: Int, block: Int) throws(OperatorError) {
      let isScalar = scale.isEmpty || (scale == [1] && block == 0)
      guard !isScalar else {
        (length, inner) = (1, shape.product)
        return
      }
      let axis = try Axes.position(axis, rank: shape.count)
      length = shape[axis]
      inner = shape.dropFirst(axis + 1).product
      if block == 0 {
        guard scale == [length] else {
          throw .invalid("a scale of shape \(scale) does not fit axis \(axis) of \(shape)")
        }
        axisStep = 1
        return
      }
      var wanted = shape
      wanted[axis] = length / block + (length % block == 0 ? 0 : 1)
      guard scale == wanted else {
        throw .invalid("a scale of shape \(scale) does not fit blocks of \(block) along axis \(axis) of \(shape)")
      }
      (self.block, axisStep, innerStep, outerStep) = (block, inner, 1, wanted[axis] * inner)
    }

    /// Where the scale of one element stands.
    func place(of element: Int) -> Int {
      guard inner > 0, length > 0 else { return 0 }
      let (row, j) = element.quotientAndRemainder(dividingBy: inner)
      let (o, i) = row.quotientAndRemainder(dividingBy: length)
      return o * outerStep + i / block * axisStep + j * innerStep
    }

    /// Calls `body(first, count, scale)` for runs of elements: their first element and the place of its scale.
    @inline(__always)
    func forEachRun(_ count: Int, _ body: (Int, Int, Int) -> Void) {
      guard inner > 0, length > 0, count > 0 else { return }
      if length == 1, axisStep == 0 {
        return Parallel.forEach(count, minimumChunk: parallelGrain) { body($0.lowerBound, $0.count, 0) }
      }
      Parallel.forEach(count / inner, minimumChunk: max(1, parallelGrain / inner)) { rows in
        for row in rows {
          let (o, i) = row.quotientAndRemainder(dividingBy: length)
          body(row * inner, inner, o * outerStep + i / block * axisStep)
        }
      }
    }
  }

  /// The numbers of a quantised tensor as float32, which holds those of at most 16 bits exactly.
  static func numbers(_ x: Tensor) throws(OperatorError) -> Tensor {
    if let decoded = LowPrecision.decoded(x) { return decoded }
    return try Conversion.convert(x, to: .float32)
  }

  /// y = saturate(round(x) + zero), elements of a type of at most 16 bits.
  static func saturated(_ x: Float, _ zero: Float, _ bounds: ClosedRange<Float>) -> Float {
    let sum = x.rounded(.toNearestOrEven) + zero
    return sum.isNaN ? bounds.lowerBound : max(bounds.lowerBound, min(bounds.upperBound, sum))
  }

  /// Least and greatest integer of a quantised type.
  static func bounds(_ dtype: DType) -> ClosedRange<Float>? {
    switch dtype {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32768...32767
    case .uint16: 0...65535
    default: LowPrecision.bounds(dtype)
    }
  }

  /// Float32 integers in range as elements of an integer type.
  static func stored(_ x: Tensor, _ dtype: DType) throws(OperatorError) -> Tensor {
    LowPrecision.isKnown(dtype) ? try LowPrecision.encoded(x, dtype) : try Conversion.convert(x, to: dtype)
  }

  /// Ties elements to elements, and scales and zero points of an axis to its indices; an axis in blocks stays untied.
  static func couple(_ c: inout Coupling, axis: Int, block: Int) {
    guard c.inputs[0].shape.count > 0 else { return }
    guard block == 0 else { return coupleBlocks(&c, axis: axis) }
    c.tieAll(input: 0, output: 0)
    let scale = c.inputs[1].shape
    guard scale.count == 1, scale != [1], let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else {
      return
    }
    c.tie(.input(1, 0), .output(0, axis))
    if c.inputs.optional(2)?.shape == scale { c.tie(.input(2, 0), .output(0, axis)) }
  }

  private static func coupleBlocks(_ c: inout Coupling, axis: Int) {
    let rank = c.inputs[0].shape.count
    guard let axis = try? Axes.position(axis, rank: rank), c.inputs[1].shape.count == rank else { return }
    for slot in 0..<3 where c.inputs.optional(slot)?.shape.count == rank {
      c.tieAll(input: slot, output: 0, except: [axis])
    }
  }
}
