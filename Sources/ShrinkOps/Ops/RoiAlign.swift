import ShrinkGraph
import ShrinkMath

/// Averages or maxima of bilinear samples in a grid of bins over each region of an image.
///
/// X [N, C, H, W], regions [R, 4] as x₁, y₁, x₂, y₂, their images [R]; the result is [R, C, output_height, output_width].
/// Sources: the ONNX specification of RoiAlign, versions 10 to 22; He et al., "Mask R-CNN", 2017.
package struct RoiAlign: Operator {
  package static let names = ["RoiAlign"]
  package static let opsets = 10...28
  package static let inputs = 3...3

  private let isMaximum: Bool
  private let height: Int
  private let width: Int
  private let ratio: Int
  private let scale: Float
  /// Whether coordinates are moved by half an element.
  private let isHalfPixel: Bool

  /// Most samples along an axis of a bin: more is a broken region.
  private static let mostSamples = 1 << 16

  package init(_ attributes: Attributes) throws(OperatorError) {
    let mode = try attributes.string("mode") ?? "avg"
    let form = try attributes.string("coordinate_transformation_mode")
    guard mode == "avg" || mode == "max" else { throw .invalid("mode is '\(mode)'") }
    guard form == nil || form == "half_pixel" || form == "output_half_pixel" else {
      throw .invalid("coordinate_transformation_mode is '\(form ?? "")'")
    }
    isMaximum = mode == "max"
    isHalfPixel = attributes.opset >= 16 && form != "output_half_pixel"
    height = try attributes.int("output_height", default: 1)
    width = try attributes.int("output_width", default: 1)
    ratio = try attributes.int("sampling_ratio", default: 0)
    scale = try attributes.float("spatial_scale", default: 1)
    guard height > 0, width > 0, (0...Self.mostSamples) ~= ratio, scale > 0 else {
      throw .invalid("output_height, output_width and spatial_scale must be positive, sampling_ratio not negative")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, regions, images) = (inputs[0], inputs[1], inputs[2])
    guard x.shape.count == 4, regions.shape.count == 2, regions.shape[1] == 4, images.shape == [regions.shape[0]],
      regions.dtype == x.dtype
    else {
      throw .invalid("regions \(regions.dtype)\(regions.shape) of images \(images.shape) in \(x.dtype)\(x.shape)")
    }
    return [TensorType(x.dtype, try Axes.checked([regions.shape[0], x.shape[1], height, width], x.dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    guard let images = inputs[2].integers, images.allSatisfy({ (0..<inputs[0].shape[0]) ~= $0 }) else {
      throw .invalid("a region names an image that is not among \(inputs[0].shape[0])")
    }
    guard !inputs[0].shape.dropFirst().contains(0) || shape.product == 0 else { throw .invalid("an empty image") }
    switch inputs[0].dtype {
    case .float32: return [try aligned(inputs, images, shape, Float.self)]
    case .float64: return [try aligned(inputs, images, shape, Double.self)]
    default: return try Conversion.widening(inputs, run)
    }
  }

  /// Four elements and their weights.
  private struct Sample<T: FloatElement> {
    let places: SIMD4<Int>
    let weights: SIMD4<T>
  }

  private func aligned<T: FloatElement>(
    _ inputs: Operands<Tensor>, _ images: [Int], _ shape: [Int], _ type: T.Type
  ) throws(OperatorError) -> Tensor {
    let x = inputs[0], plane = x.shape[2] * x.shape[3], bins = height * width
    let regions = inputs[1].elements(T.self)
    var samples: [(samples: [Sample<T>], count: Int)] = []
    for region in 0..<images.count {
      samples.append(try self.samples(Array(regions[region * 4..<region * 4 + 4]), x.shape[2], x.shape[3]))
    }
    return try x.mapped(T.self, shape: shape) { x, y in
      Parallel.forEach(shape[0] * shape[1], minimumChunk: max(1, parallelGrain / (16 * bins))) { range in
        for row in range {
          let (region, channel) = row.quotientAndRemainder(dividingBy: shape[1])
          let from = x + (images[region] * shape[1] + channel) * plane
          let (list, count) = samples[region]
          for bin in 0..<bins {
            y[row * bins + bin] = pooled(from, list[bin * count..<(bin + 1) * count])
          }
        }
      }
    }
  }

  private func pooled<T: FloatElement>(_ x: UnsafePointer<T>, _ samples: ArraySlice<Sample<T>>) -> T {
    guard !samples.isEmpty else { return 0 }
    var (sum, greatest): (T, T) = (0, -T.infinity)
    for sample in samples {
      let p = sample.places
      let terms = sample.weights * SIMD4(x[p.x], x[p.y], x[p.z], x[p.w])
      if isMaximum {
        // The greatest of the weighted neighbours, not of the samples: so it is defined and computed everywhere.
        greatest = max(greatest, terms.max())
      } else {
        sum += terms.x + terms.y + terms.z + terms.w
      }
    }
    return isMaximum ? greatest : sum / T(samples.count)
  }

  /// The samples of each bin of a region, row by row, and how many a bin has.
  private func samples<T: FloatElement>(
    _ region: [T], _ rows: Int, _ columns: Int
  ) throws(OperatorError) -> (samples: [Sample<T>], count: Int) {
    let corners = region.map { $0 * T(scale) - (isHalfPixel ? 0.5 : 0) }
    var extent = (x: corners[2] - corners[0], y: corners[3] - corners[1])
    if !isHalfPixel { extent = (max(extent.x, 1), max(extent.y, 1)) }
    let bin = (x: extent.x / T(width), y: extent.y / T(height))
    let most = T(Self.mostSamples)
    guard bin.x.magnitude <= most, bin.y.magnitude <= most else { throw .invalid("a region is \(region)") }
    let across = ratio > 0 ? ratio : max(0, Int(bin.x.rounded(.up)))
    let down = ratio > 0 ? ratio : max(0, Int(bin.y.rounded(.up)))
    _ = try Axes.checked([height, width, down, across, 8], .float64)
    var result: [Sample<T>] = []
    result.reserveCapacity(height * width * down * across)
    for row in 0..<height {
      for column in 0..<width {
        for i in 0..<down {
          let y = corners[1] + T(row) * bin.y + (T(i) + 0.5) * bin.y / T(down)
          for j in 0..<across {
            let x = corners[0] + T(column) * bin.x + (T(j) + 0.5) * bin.x / T(across)
            result.append(Self.sample(x, y, rows, columns))
          }
        }
      }
    }
    return (result, down * across)
  }

  private static func sample<T: FloatElement>(_ x: T, _ y: T, _ rows: Int, _ columns: Int) -> Sample<T> {
    guard y >= -1, y <= T(rows), x >= -1, x <= T(columns) else { return Sample(places: .zero, weights: .zero) }
    let (top, below, v) = neighbours(max(y, 0), rows)
    let (left, right, u) = neighbours(max(x, 0), columns)
    return Sample(
      places: SIMD4(top * columns + left, top * columns + right, below * columns + left, below * columns + right),
      weights: SIMD4((1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u))
  }

  /// The two indices around a place and the weight of the second; the last index alone at the end.
  private static func neighbours<T: FloatElement>(_ x: T, _ length: Int) -> (Int, Int, T) {
    let low = Int(x)
    return low >= length - 1 ? (length - 1, length - 1, 0) : (low, low + 1, x - T(low))
  }

  package func couple(_ c: inout Coupling) { c.tie(.input(0, 1), .output(0, 1)) }
}
