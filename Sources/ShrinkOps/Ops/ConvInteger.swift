import ShrinkGraph
import ShrinkMath

/// Convolutions of 8-bit integers less their zero points: ConvInteger gives the sums, QLinearConv 8-bit integers.
///
///   sum = bias + Σ (w − w_zero) · (x − x_zero),  y = saturate(round(sum · x_scale · w_scale / y_scale) + y_zero)
///
/// Padding reads as the zero point of the input. Source: the ONNX specification of ConvInteger and QLinearConv,
/// version 10.
package struct ConvInteger: Operator {
  package static let names = ["ConvInteger", "QLinearConv"]
  package static let opsets = 10...28
  package static let inputs = 2...9

  private let window: SlidingWindow
  private let group: Int
  /// Whether the result is quantised again.
  private let isQuantized: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    window = try SlidingWindow(attributes)
    group = try attributes.int("group", default: 1)
    isQuantized = attributes.opType == "QLinearConv"
    guard group > 0 else { throw .invalid("group is \(group)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard !isQuantized || (inputs.count >= 8 && inputs.items.prefix(8).allSatisfy({ $0 != nil })) else {
      throw .invalid("an operand is missing")
    }
    let (x, w) = (inputs[0], inputs[isQuantized ? 3 : 1])
    let placed = try place(x, w, isQuantized ? inputs.optional(8) : nil)
    return [try .sized(isQuantized ? inputs[7].dtype : .int32, [x.shape[0], w.shape[0]] + placed.output)]
  }

  private func place(_ x: TensorType, _ w: TensorType, _ bias: TensorType?) throws(OperatorError) -> PlacedWindow {
    guard x.shape.count > 2, w.shape.count == x.shape.count else {
      throw .invalid("the input \(x.shape) and the weight \(w.shape) must have the same number of axes, at least 3")
    }
    let channels = w.shape[1].multipliedReportingOverflow(by: group)
    guard !channels.overflow, x.shape[1] == channels.partialValue, w.shape[0] % group == 0 else {
      throw .invalid("a weight \(w.shape) in \(group) groups does not fit an input \(x.shape)")
    }
    guard bias.map({ $0.shape == [w.shape[0]] && $0.dtype == .int32 }) ?? true else {
      throw .invalid("a bias \(bias?.dtype ?? .int32)\(bias?.shape ?? []) does not fit a weight \(w.shape)")
    }
    return try window.placed(on: x.spatial, taps: w.spatial)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let (x, w) = (inputs[0], inputs[isQuantized ? 3 : 1])
    let placed = try window.placed(on: Array(x.shape.dropFirst(2)), taps: Array(w.shape.dropFirst(2)))
    let zeroW = inputs.optional(isQuantized ? 5 : 3).map { IntegerProduct.column($0, axes: w.rank - 1) }
    let image = try IntegerProduct.shifted(x, by: inputs.optional(2).map { IntegerProduct.column($0, axes: 0) })
    let weight = try IntegerProduct.shifted(w, by: zeroW)
    let bias = isQuantized ? inputs.optional(8)?.elements(Int32.self) : nil
    let sums = try self.sums(image, weight, bias, placed, shape)
    guard isQuantized else { return [sums] }
    let factor = try IntegerProduct.factor(
      IntegerProduct.column(inputs[1], axes: 0), IntegerProduct.column(inputs[4], axes: x.rank - 2),
      IntegerProduct.column(inputs[6], axes: 0))
    return [try IntegerProduct.requantized(sums, by: factor, zero: IntegerProduct.column(inputs[7], axes: 0))]
  }

  private func sums(
    _ x: Tensor, _ w: Tensor, _ bias: [Int32]?, _ placed: PlacedWindow, _ shape: [Int]
  ) throws(OperatorError) -> Tensor {
    let (taken, made, taps) = (w.shape[1], w.shape[0] / group, placed.taps)
    let (plane, stops) = (placed.input.product, placed.output.product)
    let columns = try Axes.checked([taken, taps, stops], .float32).product
    let reads = placed.allReads()
    return try Tensor(shape: shape, Int32.self) { (y: UnsafeMutableBufferPointer<Int32>) throws(OperatorError) in
      guard let y = y.baseAddress, shape.product > 0 else { return }
      let unrolled = UnsafeMutablePointer<Float>.allocate(capacity: max(1, columns))
      defer { unrolled.deallocate() }
      try x.withPointer(Float.self) { (x) throws(OperatorError) in
        try w.withPointer(Float.self) { (w) throws(OperatorError) in
          for part in 0..<shape[0] * group {
            unroll(
              x + part * taken * plane, plane: plane, channels: taken, taps: taps, stops: stops, reads: reads,
              into: unrolled)
            try IntegerProduct.multiply(
              m: made, n: stops, k: taken * taps, w + part % group * made * taken * taps, unrolled,
              y + part * made * stops)
          }
        }
      }
      guard let bias else { return }
      for row in 0..<shape[0] * shape[1] {
        let shift = bias[row % shape[1]]
        for i in row * stops..<(row + 1) * stops { y[i] &+= shift }
      }
    }
  }
}

extension PlacedWindow {
  /// What each tap reads at each stop, tap by tap; -1 outside the input.
  fileprivate func allReads() -> [Int] {
    let (taps, stops) = (taps, output.product)
    var result = [Int](repeating: -1, count: taps * stops)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, taps)) { reads in
      guard let reads = reads.baseAddress else { return }
      for stop in 0..<stops {
        self.reads(at: stop, into: reads)
        for t in 0..<taps { result[t * stops + stop] = reads[t] }
      }
    }
    return result
  }
}

/// Copies what each tap reads at each stop as `channels · taps` rows of one element a stop; padding as zero.
private func unroll(
  _ image: UnsafePointer<Float>, plane: Int, channels: Int, taps: Int, stops: Int, reads: [Int],
  into columns: UnsafeMutablePointer<Float>
) {
  reads.withUnsafeBufferPointer { reads in
    Parallel.forEach(channels * taps, minimumChunk: max(1, parallelGrain / max(1, stops))) { range in
      for row in range {
        let (channel, tap) = row.quotientAndRemainder(dividingBy: taps)
        let (from, to) = (image + channel * plane, columns + row * stops)
        for stop in 0..<stops {
          let read = reads[tap * stops + stop]
          to[stop] = read < 0 ? 0 : from[read]
        }
      }
    }
  }
}
