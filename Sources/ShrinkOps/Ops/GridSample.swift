import ShrinkGraph
import ShrinkMath

/// Reads an image at the places of a grid: X [N, C, spatial…] at grid [N, places…, rank] gives [N, C, places…].
///
/// Coordinates go from -1 to 1 along an axis, the last axis first. Over 2 or 3 spatial axes, or any number; cubic over 2.
/// Source: the ONNX specification of GridSample, versions 16 to 22.
package struct GridSample: Operator {
  package static let names = ["GridSample"]
  package static let opsets = 16...28
  package static let inputs = 2...2

  private enum Mode { case nearest, linear, cubic }
  private enum Padding: String { case zeros, border, reflection }
  private let mode: Mode
  private let padding: Padding
  private let alignsCorners: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    let name = try attributes.string("mode") ?? "linear"
    switch name {
    case "nearest": mode = .nearest
    case "linear", "bilinear": mode = .linear
    case "cubic", "bicubic": mode = .cubic
    default: throw .invalid("mode is '\(name)'")
    }
    let pads = try attributes.string("padding_mode") ?? "zeros"
    guard let padding = Padding(rawValue: pads) else { throw .invalid("padding_mode is '\(pads)'") }
    self.padding = padding
    alignsCorners = try attributes.int("align_corners", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, grid) = (inputs[0].shape, inputs[1].shape)
    guard x.count > 2, grid.count == x.count, grid[0] == x[0], grid[grid.count - 1] == x.count - 2 else {
      throw .invalid("a grid \(grid) does not fit an image \(x)")
    }
    guard !x.dropFirst(2).contains(0) || grid.dropLast().contains(0) || x[1] == 0 else {
      throw .invalid("reads an empty image \(x)")
    }
    return [try .sized(inputs[0].dtype, Axes.checked(x.prefix(2) + grid.dropFirst().dropLast(), inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let grid = try Conversion.convert(inputs[1], to: inputs[1].dtype == .float64 ? .float64 : .float32)
    let x = inputs[0]
    switch x.dtype {
    case .float32 where grid.dtype == .float32: return [try sampled(x, grid, shape, Float.self)]
    case .float32, .float64, .float16, .bfloat16:
      let wide = Operands<Tensor>([
        try Conversion.convert(x, to: .float64), try Conversion.convert(grid, to: .float64),
      ])
      return [try Conversion.convert(sampled(wide[0], wide[1], shape, Double.self), to: x.dtype)]
    default:
      let (image, places) = (try Conversion.convert(x, to: .float64), try Conversion.convert(grid, to: .float64))
      let y = try sampled(image, places, shape, Double.self)
      return [x.dtype == .bool ? try Conversion.convert(y, to: .bool) : try Conversion.saturated(y, to: x.dtype)]
    }
  }

  /// Taps along one axis.
  private var taps: Int { mode == .nearest ? 1 : mode == .linear ? 2 : 4 }

  private func sampled<T: FloatElement>(
    _ x: Tensor, _ grid: Tensor, _ shape: [Int], _ type: T.Type
  ) throws(OperatorError) -> Tensor {
    let lengths = Array(x.shape.dropFirst(2)), rank = lengths.count
    let (channels, plane, places) = (x.shape[1], lengths.product, shape.dropFirst(2).product)
    guard let count = Tensor.checkedCount([Int](repeating: taps, count: rank)), count <= 1 << 12 else {
      throw .unsupported("samples over \(rank) axes")
    }
    return try grid.withPointer(T.self) { (grid) throws(OperatorError) in
      try x.mapped(T.self, shape: shape) { x, y in
        guard shape.product > 0 else { return }
        Parallel.forEach(shape[0] * places, minimumChunk: max(1, parallelGrain / (count * max(1, channels)))) { range in
          var reads = Reads<T>(count)
          for place in range {
            let image = place / places
            find(grid + place * rank, lengths, &reads)
            for c in 0..<channels {
              let from = x + (image * channels + c) * plane
              var sum: T = 0
              for k in 0..<count where reads.indices[k] >= 0 { sum += reads.weights[k] * from[reads.indices[k]] }
              y[(image * channels + c) * places + place % places] = sum
            }
          }
        }
      }
    }
  }

  /// What one place reads; an index of -1 is outside.
  private struct Reads<T: FloatElement> {
    var indices: [Int]
    var weights: [T]

    init(_ count: Int) {
      indices = [Int](repeating: 0, count: count)
      weights = [T](repeating: 0, count: count)
    }
  }

  /// The elements and weights of one place: the product of the taps of every axis.
  private func find<T: FloatElement>(_ place: UnsafePointer<T>, _ lengths: [Int], _ reads: inout Reads<T>) {
    (reads.indices[0], reads.weights[0]) = (0, 1)
    var known = 1
    for (axis, length) in lengths.enumerated() {
      let x = position(place[lengths.count - 1 - axis], length)
      let low = mode == .nearest ? x : x.rounded(.down)
      let first = Int(low) - (mode == .cubic ? 1 : 0)
      for k in (0..<known).reversed() {
        let (index, weight) = (reads.indices[k], reads.weights[k])
        for tap in 0..<taps {
          let here = self.index(first + tap, length)
          reads.indices[k * taps + tap] = index < 0 || here < 0 ? -1 : index * length + here
          reads.weights[k * taps + tap] = weight * self.weight(x - T(first + tap))
        }
      }
      known *= taps
    }
  }

  /// Where a coordinate lies on an axis, after padding; within a few lengths of it.
  private func position<T: FloatElement>(_ n: T, _ length: Int) -> T {
    let size = T(length)
    var x = alignsCorners ? (n + 1) / 2 * (size - 1) : ((n + 1) * size - 1) / 2
    if mode == .nearest { x.round(.toNearestOrEven) }
    let (low, high): (T, T) = alignsCorners ? (0, size - 1) : (-0.5, size - 0.5)
    if x < low || x > high {
      // Cubic kernels read the repeated border itself, as in PyTorch and ONNX Runtime.
      if padding == .border, mode != .cubic { x = max(0, min(size - 1, x)) }
      if padding == .reflection { x = Self.reflected(x, low, high) }
    }
    return x.isFinite ? max(-3, min(size + 3, x)) : -3
  }

  private static func reflected<T: FloatElement>(_ x: T, _ low: T, _ high: T) -> T {
    let range = high - low
    guard range > 0, x.isFinite else { return low }
    let distance = x < low ? low - x : x - high
    let turns = (distance / range).rounded(.towardZero)
    let rest = distance - turns * range
    let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
    return isEven == (x < low) ? low + rest : high - rest
  }

  /// The index that a tap reads; -1 outside.
  private func index(_ i: Int, _ length: Int) -> Int {
    if i >= 0, i < length { return i }
    switch padding {
    case .zeros: return -1
    case .border: return max(0, min(length - 1, i))
    case .reflection:
      let (low, high): (Double, Double) = alignsCorners ? (0, Double(length - 1)) : (-0.5, Double(length) - 0.5)
      return max(0, min(length - 1, Int(Self.reflected(Double(i), low, high))))
    }
  }

  private func weight<T: FloatElement>(_ distance: T) -> T {
    let x = distance.magnitude, a: T = -0.75
    switch mode {
    case .nearest: return 1
    case .linear: return max(0, 1 - x)
    case .cubic:
      if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
  }

  package func couple(_ c: inout Coupling) { c.tie(.input(0, 1), .output(0, 1)) }
}
