import ShrinkGraph
import ShrinkMath

/// Convolution over 2 spatial axes whose taps read between the elements, moved by offsets and scaled by a mask.
///
/// Offsets [N, groups · taps · 2, stops…] as y, x; mask [N, groups · taps, stops…]. Sources: the ONNX specification of
/// DeformConv, versions 19 and 22; Zhu et al., "Deformable ConvNets v2", 2019.
package struct DeformConv: Operator {
  package static let names = ["DeformConv"]
  package static let opsets = 19...28
  package static let inputs = 3...5
  package var useOfAll: String { "slides a window over them" }
  private let window: SlidingWindow
  private let group: Int
  private let offsetGroup: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    window = try SlidingWindow(attributes)
    group = try attributes.int("group", default: 1)
    offsetGroup = try attributes.int("offset_group", default: 1)
    guard (1..<1 << 31) ~= group, (1..<1 << 31) ~= offsetGroup else {
      throw .invalid("group is \(group), offset_group \(offsetGroup)")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let placed = try place(inputs)
    return [try .sized(inputs[0].dtype, [inputs[0].shape[0], inputs[1].shape[0]] + placed.output)]
  }

  private func place(_ inputs: Operands<TensorType>) throws(OperatorError) -> PlacedWindow {
    let (x, w) = (inputs[0].shape, inputs[1].shape)
    guard x.count == 4, w.count == 4 else {
      throw .unsupported("convolves \(x) with \(w); only images with 2 spatial axes can be")
    }
    let channels = w[1].multipliedReportingOverflow(by: group)
    guard !channels.overflow, x[1] == channels.partialValue, w[0] % group == 0, x[1] % offsetGroup == 0 else {
      throw .invalid("a weight \(w) in \(group) groups and \(offsetGroup) of offsets does not fit an input \(x)")
    }
    let placed = try window.placed(on: inputs[0].spatial, taps: inputs[1].spatial)
    guard Tensor.checkedCount([offsetGroup, 2] + placed.kernel) != nil else {
      throw .invalid("a kernel \(placed.kernel) in \(offsetGroup) groups of offsets")
    }
    let offsets = [x[0], offsetGroup * placed.taps * 2] + placed.output
    let mask = [x[0], offsetGroup * placed.taps] + placed.output
    guard inputs[2].shape == offsets, inputs.optional(3).map({ $0.shape == [w[0]] }) ?? true,
      inputs.optional(4).map({ $0.shape == mask }) ?? true
    else { throw .invalid("offsets \(inputs[2].shape), bias or mask do not fit; offsets should be \(offsets)") }
    guard inputs.present.allSatisfy({ $0.dtype == inputs[0].dtype }) else {
      throw .invalid("its operands have different element types")
    }
    return placed
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let placed = try place(inputs.types)
    let (x, w) = (inputs[0], inputs[1])
    let shape = try Axes.checked([x.shape[0], w.shape[0]] + placed.output, x.dtype)
    guard x.dtype == .float32 else {
      guard x.dtype != .float64 else { throw .noKernel(for: x.dtype) }
      return try Conversion.widening(inputs, run)
    }
    let (stops, rows) = (placed.output.product, x.shape[1] * placed.taps)
    let (made, taken) = (w.shape[0] / group, w.shape[1] * placed.taps)
    let columns = [Float](repeating: 0, count: try Axes.checked([rows, stops], x.dtype).product)
    let bias = inputs.optional(3)?.elements(Float.self)
    let result = try x.mapped(Float.self, shape: shape) { (x0, y) throws(OperatorError) in
      try w.withPointer(Float.self) { (w0) throws(OperatorError) in
        var columns = columns
        for image in 0..<shape[0] {
          unroll(x0, image, inputs, placed, into: &columns)
          for g in 0..<group {
            let to = y + (image * group + g) * made * stops
            for o in 0..<made {
              (to + o * stops).update(repeating: bias?[g * made + o] ?? 0, count: stops)
            }
            try OperatorError.math { () throws(MathError) in
              try columns.withUnsafeBufferPointer { (b) throws(MathError) in
                guard let b = b.baseAddress else { return }
                try ShrinkMath.Gemm.single(
                  m: made, n: stops, k: taken, a: w0 + g * made * taken, b: b + g * taken * stops, beta: 1, c: to)
              }
            }
          }
        }
      }
    }
    return [result]
  }

  /// What every tap of every channel reads at every stop of one image: channels · taps rows.
  private func unroll(
    _ x: UnsafePointer<Float>, _ image: Int, _ inputs: Operands<Tensor>, _ placed: PlacedWindow,
    into columns: inout [Float]
  ) {
    let (taps, stops) = (placed.taps, placed.output.product)
    let (channels, height, width) = (inputs[0].shape[1], placed.input[0], placed.input[1])
    let perGroup = channels / offsetGroup
    inputs[2].withElements(Float.self) { offsets in
      (inputs.optional(4) ?? inputs[2]).withElements(Float.self) { mask in
        columns.withUnsafeMutableBufferPointer { columns in
          guard let to = columns.baseAddress else { return }
          Parallel.forEach(channels * taps, minimumChunk: max(1, parallelGrain / max(1, stops * 8))) { range in
            for row in range {
              let (channel, tap) = row.quotientAndRemainder(dividingBy: taps)
              let part = (image * offsetGroup + channel / perGroup) * taps + tap
              let from = x + (image * channels + channel) * height * width
              for stop in 0..<stops {
                let (i, j) = stop.quotientAndRemainder(dividingBy: placed.output[1])
                let down = i * placed.strides[0] - placed.padsBegin[0] + tap / placed.kernel[1] * placed.dilations[0]
                let across = j * placed.strides[1] - placed.padsBegin[1] + tap % placed.kernel[1] * placed.dilations[1]
                let value = Self.sample(
                  from, height, width, Float(down) + offsets[2 * part * stops + stop],
                  Float(across) + offsets[(2 * part + 1) * stops + stop])
                to[row * stops + stop] = inputs.optional(4) == nil ? value : value * mask[part * stops + stop]
              }
            }
          }
        }
      }
    }
  }

  /// The image at a place between its elements; zero outside.
  private static func sample(_ x: UnsafePointer<Float>, _ height: Int, _ width: Int, _ i: Float, _ j: Float) -> Float {
    guard i > -1, j > -1, i < Float(height), j < Float(width) else { return 0 }
    let (top, left) = (Int(i.rounded(.down)), Int(j.rounded(.down)))
    let (v, u) = (i - Float(top), j - Float(left))
    var sum: Float = 0
    if top >= 0, left >= 0 { sum += (1 - v) * (1 - u) * x[top * width + left] }
    if top >= 0, left + 1 < width { sum += (1 - v) * u * x[top * width + left + 1] }
    if top + 1 < height, left >= 0 { sum += v * (1 - u) * x[(top + 1) * width + left] }
    if top + 1 < height, left + 1 < width { sum += v * u * x[(top + 1) * width + left + 1] }
    return sum
  }
}
