import ShrinkGraph

/// One axis of a Resize: where each place of the result stands in the operand, and what it is made of.
///
/// Source: the ONNX specification of Resize, versions 10 to 19.
struct ResampledAxis: Sendable {
  /// `coordinate_transformation_mode`.
  enum Transformation: String, Sendable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case cropAndResize = "tf_crop_and_resize"
    case halfPixelForNearest = "tf_half_pixel_for_nn"
  }
  /// `nearest_mode`, and what version 10 did: up where the axis shrinks, down where it grows.
  enum Rounding: String, Sendable {
    case preferFloor = "round_prefer_floor"
    case preferCeil = "round_prefer_ceil"
    case floor
    case ceil
    case byScale = "by_scale"
  }

  /// Lengths in the operand and in the result.
  let input: Int
  let output: Int
  /// Places of the result for one of the operand.
  let scale: Float
  /// Length of the result before it is rounded to an integer.
  let width: Double
  /// The length that align_corners goes by: `width` for scales, `output` for sizes.
  let corners: Double
  /// Part of the axis that is read, as fractions; only for tf_crop_and_resize.
  var region: (start: Float, end: Float) = (0, 1)

  /// The place of the operand that a place of the result stands for.
  func original<T: BinaryFloatingPoint>(_ place: Int, _ transformation: Transformation, _ type: T.Type) -> T {
    let (y, scale, last) = (T(place), T(scale), T(input - 1))
    switch transformation {
    case .halfPixel: return (y + 0.5) / scale - 0.5
    case .halfPixelSymmetric: return T(input) / 2 * (1 - T(output) / T(width)) + (y + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return output > 1 ? (y + 0.5) / scale - 0.5 : 0
    case .alignCorners: return corners == 1 ? 0 : y * last / (T(corners) - 1)
    case .asymmetric: return y / scale
    case .halfPixelForNearest: return (y + 0.5) / scale
    case .cropAndResize:
      let (start, end) = (T(region.start), T(region.end))
      return output > 1
        ? start * last + y * (end - start) * last / T(output - 1) : (start + end) * last / 2
    }
  }

  /// Whether a place lies outside the operand, where tf_crop_and_resize gives a constant.
  private func isOutside(_ place: Int, _ transformation: Transformation) -> Bool {
    guard transformation == .cropAndResize else { return false }
    let x = original(place, transformation, Float.self)
    return !(x >= 0 && x <= Float(input - 1))
  }

  /// The index that each place reads; -1 where it is a constant.
  ///
  /// Positions are float32, as in ONNX Runtime: whether two of them tie depends on it.
  func nearest(_ transformation: Transformation, _ rounding: Rounding) -> [Int] {
    (0..<output).map { place in
      if isOutside(place, transformation) { return -1 }
      let x = original(place, transformation, Float.self)
      let low = x.rounded(.down)
      let index: Float =
        switch rounding {
        case .preferFloor: x - low <= 0.5 ? low : low + 1
        case .preferCeil: x - low < 0.5 ? low : low + 1
        case .floor: low
        case .ceil: x.rounded(.up)
        case .byScale: x.rounded(scale < 1 ? .up : .down)
        }
      return Int(max(0, min(Float(input - 1), index)))
    }
  }

  /// What each place sums, for an interpolation.
  func taps(_ transformation: Transformation, _ filter: ResamplingFilter) -> AxisTaps {
    let stretch = filter.isAntialiased ? min(1, Double(scale)) : 1
    let reach = filter.radius / stretch
    let count = 2 * Int(min(reach, Double(4 * input)).rounded(.up))
    var result = AxisTaps(input: input, output: output, count: count)
    for place in 0..<output {
      if isOutside(place, transformation) {
        result.outside.insert(place)
        continue
      }
      let x = original(place, transformation, Double.self)
      let limit = Double(input) + reach
      let first = Int(max(-limit, min(limit, x)).rounded(.down)) - count / 2 + 1
      var weights = (0..<count).map { filter.weight((Double(first + $0) - x) * stretch) }
      if filter.excludesOutside {
        for k in 0..<count where !(0..<input).contains(first + k) { weights[k] = 0 }
      }
      let sum = weights.reduce(0, +)
      if filter.isAntialiased || filter.excludesOutside, sum != 0 { weights = weights.map { $0 / sum } }
      for k in 0..<count {
        result.indices[place * count + k] = max(0, min(input - 1, first + k))
        result.weights[place * count + k] = weights[k]
      }
    }
    return result
  }
}

/// The kernel of an interpolation: linear (a tent) or cubic (Keys, "Cubic convolution interpolation", 1981).
struct ResamplingFilter: Sendable {
  let isCubic: Bool
  /// The coefficient a of the cubic kernel.
  let coefficient: Double
  /// Whether the kernel is stretched where the axis shrinks.
  let isAntialiased: Bool
  /// Whether places outside the operand weigh nothing; else they repeat its ends.
  let excludesOutside: Bool

  /// Half the width of the kernel.
  var radius: Double { isCubic ? 2 : 1 }

  /// The kernel at a distance.
  func weight(_ distance: Double) -> Double {
    let x = abs(distance), a = coefficient
    guard isCubic else { return max(0, 1 - x) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}
