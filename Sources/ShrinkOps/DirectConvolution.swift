import ShrinkGraph
import ShrinkMath

/// Convolutions of float64 by plain loops: networks in this type are small and rare.
struct DirectConvolution {
  private let placed: PlacedWindow
  private let group: Int
  /// The place that each tap reads at each stop, tap by tap; -1 outside.
  private let reads: [Int]

  /// Prepares the window of a convolution, or of the one that a transposed convolution transposes.
  init(_ placed: PlacedWindow, group: Int) {
    let (taps, stops) = (placed.taps, placed.output.product)
    var (reads, own) = ([Int](repeating: -1, count: taps * stops), [Int](repeating: -1, count: max(1, taps)))
    own.withUnsafeMutableBufferPointer { own in
      guard let base = own.baseAddress else { return }
      for stop in 0..<stops {
        placed.reads(at: stop, into: base)
        for tap in 0..<taps { reads[tap * stops + stop] = own[tap] }
      }
    }
    (self.placed, self.group, self.reads) = (placed, group, reads)
  }

  /// The convolution of `x` with `w` [outputs, channels of a group, taps], in `shape`.
  func run(_ x: Tensor, _ w: Tensor, _ bias: Tensor?, _ shape: [Int]) throws(OperatorError) -> Tensor {
    let (taken, outputs, taps) = (w.shape[1], w.shape[0], placed.taps)
    let (plane, stops) = (placed.input.product, placed.output.product)
    let offsets = bias?.elements(Double.self) ?? [Double](repeating: 0, count: outputs)
    return try planes(x, w, shape) { (image, w, y, n, o) in
      y.update(repeating: offsets[o], count: stops)
      let first = (n * group + o / (outputs / group)) * taken
      for c in 0..<taken {
        for tap in 0..<taps {
          let (from, weight) = (image + (first + c) * plane, w[(o * taken + c) * taps + tap])
          for stop in 0..<stops where reads[tap * stops + stop] >= 0 {
            y[stop] += weight * from[reads[tap * stops + stop]]
          }
        }
      }
    }
  }

  /// The transposed convolution of `x` with `w` [channels, outputs of a group, taps], in `shape`.
  func runTransposed(_ x: Tensor, _ w: Tensor, _ bias: Tensor?, _ shape: [Int]) throws(OperatorError) -> Tensor {
    let (taken, made, taps) = (w.shape[0] / group, w.shape[1], placed.taps)
    let (plane, stops) = (placed.input.product, placed.output.product)
    let offsets = bias?.elements(Double.self) ?? [Double](repeating: 0, count: made * group)
    return try planes(x, w, shape) { (image, w, y, n, o) in
      y.update(repeating: offsets[o], count: plane)
      for c in 0..<taken {
        let channel = o / made * taken + c
        let from = image + (n * taken * group + channel) * stops
        for tap in 0..<taps {
          let weight = w[(channel * made + o % made) * taps + tap]
          for stop in 0..<stops where reads[tap * stops + stop] >= 0 {
            y[reads[tap * stops + stop]] += weight * from[stop]
          }
        }
      }
    }
  }

  /// Calls `body` for each plane of the result, with its sample and channel.
  private func planes(
    _ x: Tensor, _ w: Tensor, _ shape: [Int],
    _ body: (UnsafePointer<Double>, UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int, Int) -> Void
  ) throws(OperatorError) -> Tensor {
    let plane = shape.dropFirst(2).product
    return try x.mapped(Double.self, shape: shape) { (image, y) throws(OperatorError) in
      try w.withPointer(Double.self) { w in
        Parallel.forEach(shape[0] * shape[1]) { range in
          for p in range { body(image, w, y + p * plane, p / shape[1], p % shape[1]) }
        }
      }
    }
  }
}
