import ShrinkGraph
import ShrinkMath

/// y = x where x is positive, slope · x elsewhere; the slope is broadcast to x.
package struct PRelu: Operator {
  package static let names = ["PRelu"]
  package static let opsets = 1...28
  package static let inputs = 2...2

  /// Before opset 7 several slopes stand for the channels, axis 1.
  private let isPerChannel: Bool

  package init(_ attributes: Attributes) throws(OperatorError) { isPerChannel = attributes.opset < 7 }

  func aligned(_ slope: [Int], to shape: [Int]) -> [Int] {
    let isChannels = isPerChannel && slope.count == 1 && slope != [1] && shape.count > 2
    return isChannels ? slope + [Int](repeating: 1, count: shape.count - 2) : slope
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    let slope = TensorType(inputs[1].dtype, aligned(inputs[1].shape, to: x.shape))
    let lead = x.shape.count - slope.shape.count
    guard lead >= 0, zip(slope.shape, x.shape.dropFirst(lead)).allSatisfy({ $0 == $1 || $0 == 1 }),
      x.dtype == slope.dtype
    else { throw .invalid("a slope \(slope.dtype)\(slope.shape) cannot be broadcast to \(x.dtype)\(x.shape)") }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, given) = (inputs[0], inputs[1])
    _ = try infer(Operands([TensorType(x.dtype, x.shape), TensorType(given.dtype, given.shape)]))
    let slope = given.reshaped(aligned(given.shape, to: x.shape))
    switch x.dtype {
    case .float32: return [try run(x, slope) { (x: Float, slope) in x < 0 ? slope * x : x }]
    case .float64: return [try run(x, slope) { (x: Double, slope) in x < 0 ? slope * x : x }]
    case .int64: return [try run(x, slope) { (x: Int64, slope) in x < 0 ? slope &* x : x }]
    case .uint64: return [x]
    default: return try Conversion.widening(Operands([x, slope]), run)
    }
  }

  @inline(__always)
  private func run<T: TensorElement>(
    _ x: Tensor, _ slope: Tensor, _ function: (T, T) -> T
  ) throws(OperatorError) -> Tensor {
    let own = [Int](repeating: 1, count: x.rank - slope.rank) + slope.shape
    // The axes behind the last one that the slope has: one slope serves them all.
    let last = own.lastIndex { $0 > 1 } ?? -1
    let plane = x.shape[(last + 1)...].product
    let (outer, steps) = (Array(x.shape[...last]), Array(own[...last]))
    return try x.mapped(T.self) { (x, y) throws(OperatorError) in
      try slope.withPointer(T.self) { slope in
        Parallel.forEach(outer.product, minimumChunk: max(1, parallelGrain / max(1, plane))) { range in
          for row in range {
            let factor = slope[Self.index(row, outer, steps)]
            let (from, to) = (x + row * plane, y + row * plane)
            for i in 0..<plane { to[i] = function(from[i], factor) }
          }
        }
      }
    }
  }

  /// Where the slope of a row stands: axes of length 1 are broadcast.
  private static func index(_ row: Int, _ shape: [Int], _ own: [Int]) -> Int {
    var (rest, result, stride) = (row, 0, 1)
    for axis in shape.indices.reversed() {
      if own[axis] > 1 { result += rest % shape[axis] * stride }
      rest /= shape[axis]
      stride *= own[axis]
    }
    return result
  }

  package func couple(_ c: inout Coupling) {
    c.tieAll(input: 0, output: 0)
    let slope = c.inputs[1].shape
    let lead = c.outputs[0].shape.count - aligned(slope, to: c.inputs[0].shape).count
    for axis in slope.indices {
      let y = Port.output(0, axis + lead)
      if slope[axis] == c.size(y) { c.tie(.input(1, axis), y) }
    }
  }
}
