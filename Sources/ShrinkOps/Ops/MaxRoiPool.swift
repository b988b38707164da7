import ShrinkGraph
import ShrinkMath

/// Maxima in a grid of bins over each region of an image: X [N, C, H, W], regions [R, 5] as image, x₁, y₁, x₂, y₂.
///
/// Sources: the ONNX specification of MaxRoiPool, versions 1 and 22; Girshick, "Fast R-CNN", 2015.
package struct MaxRoiPool: Operator {
  package static let names = ["MaxRoiPool"]
  package static let opsets = 1...28
  package static let inputs = 2...2
  private let pooled: [Int]
  private let scale: Float

  package init(_ attributes: Attributes) throws(OperatorError) {
    pooled = try attributes.ints("pooled_shape") ?? []
    scale = try attributes.float("spatial_scale", default: 1)
    guard pooled.count == 2, pooled.allSatisfy({ $0 > 0 }), scale > 0 else {
      throw .invalid("pooled_shape must be two positive numbers, spatial_scale positive")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, regions) = (inputs[0], inputs[1])
    guard x.shape.count == 4, regions.shape.count == 2, regions.shape[1] == 5, regions.dtype == x.dtype else {
      throw .invalid("regions \(regions.dtype)\(regions.shape) of images \(x.dtype)\(x.shape)")
    }
    return [TensorType(x.dtype, try Axes.checked([regions.shape[0], x.shape[1]] + pooled, x.dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    switch inputs[0].dtype {
    case .float32: return [try maxima(inputs[0], inputs[1].elements(Float.self), shape)]
    case .float64: return [try maxima(inputs[0], inputs[1].elements(Double.self), shape)]
    default: return try Conversion.widening(inputs, run)
    }
  }

  /// Image and, for each axis, the ranges of the bins of one region.
  private struct Region {
    let image: Int
    let rows: [Range<Int>]
    let columns: [Range<Int>]
  }

  private func maxima<T: FloatElement>(_ x: Tensor, _ regions: [T], _ shape: [Int]) throws(OperatorError) -> Tensor {
    let (rows, columns) = (x.shape[2], x.shape[3])
    var list: [Region] = []
    for first in stride(from: 0, to: regions.count, by: 5) {
      let corners = regions[first + 1..<first + 5].map { ($0 * T(scale)).rounded() }
      guard let image = Int(exactly: regions[first]), (0..<x.shape[0]) ~= image,
        corners.allSatisfy({ $0.magnitude < 0x1p31 })
      else { throw .invalid("a region is \(regions[first..<first + 5].map { Double($0) })") }
      list.append(
        Region(
          image: image, rows: Self.bins(corners[1], corners[3], pooled[0], rows),
          columns: Self.bins(corners[0], corners[2], pooled[1], columns)))
    }
    return try x.mapped(T.self, shape: shape) { x, y in
      Parallel.forEach(shape[0] * shape[1]) { range in
        for row in range {
          let (region, channel) = (list[row / shape[1]], row % shape[1])
          let from = x + (region.image * shape[1] + channel) * rows * columns
          var place = y + row * pooled.product
          for down in region.rows {
            for across in region.columns {
              var greatest: T?
              for i in down {
                for j in across { greatest = max(greatest ?? from[i * columns + j], from[i * columns + j]) }
              }
              place.pointee = greatest ?? 0
              place += 1
            }
          }
        }
      }
    }
  }

  /// The places of each bin between two ends, within the axis.
  private static func bins<T: FloatElement>(_ start: T, _ end: T, _ count: Int, _ length: Int) -> [Range<Int>] {
    let size = max(end - start + 1, 1) / T(count)
    return (0..<count).map { bin in
      let low = max(0, min(length, Int((T(bin) * size).rounded(.down) + start)))
      let high = max(0, min(length, Int((T(bin + 1) * size).rounded(.up) + start)))
      return low..<max(low, high)
    }
  }

  package func couple(_ c: inout Coupling) { c.tie(.input(0, 1), .output(0, 1)) }
}
