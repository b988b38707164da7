import ShrinkGraph
import ShrinkMath

/// Transposed convolution over 1 to 3 spatial axes: every input element adds its multiple of the kernel to the output.
///
///   y[n, o, i · stride + tap · dilation - pad] += w[c, o, tap] · x[n, c, i]
package struct ConvTranspose: LinearOperator {
  package static let names = ["ConvTranspose"]
  package static let opsets = 1...28
  package static let inputs = 2...3
  package var useOfAll: String { "slides a window over them" }

  let window: SlidingWindow
  let group: Int
  private let outputPadding: [Int]?
  private let outputShape: [Int]?

  package init(_ attributes: Attributes) throws(OperatorError) {
    window = try SlidingWindow(attributes)
    group = try attributes.int("group", default: 1)
    outputPadding = try attributes.ints("output_padding")
    outputShape = try attributes.ints("output_shape")
    guard group > 0 else { throw .invalid("group is \(group)") }
    guard ((outputPadding ?? []) + (outputShape ?? [])).allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
      throw .invalid("output_padding and output_shape must not be negative and below 2³¹")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, w) = (inputs[0], inputs[1])
    let placed = try place(x, w, inputs.optional(2))
    return [try .sized(x.dtype, [x.shape[0], w.shape[1] * group] + placed.input)]
  }

  /// The window of the convolution that this one transposes: its input is our output.
  private func place(_ x: TensorType, _ w: TensorType, _ bias: TensorType?) throws(OperatorError) -> PlacedWindow {
    guard x.shape.count > 2, w.shape.count == x.shape.count, x.shape.count <= 5 else {
      throw .invalid("the input \(x.shape) and the weight \(w.shape) must have the same number of axes, 3 to 5")
    }
    let made = w.shape[1].multipliedReportingOverflow(by: group)
    guard !made.overflow, x.shape[1] == w.shape[0], w.shape[0] % group == 0 else {
      throw .invalid("a weight \(w.shape) in \(group) groups does not fit an input \(x.shape)")
    }
    guard bias.map({ $0.shape == [made.partialValue] && $0.dtype == x.dtype }) ?? true, w.dtype == x.dtype else {
      throw .invalid("a bias \(bias?.shape ?? []) does not fit a weight \(w.shape), or their element types differ")
    }
    return try place(on: x.spatial, taps: w.spatial)
  }

  func place(on stops: [Int], taps: [Int]) throws(OperatorError) -> PlacedWindow {
    let rank = stops.count
    let zeros = [Int](repeating: 0, count: rank), ones = [Int](repeating: 1, count: rank)
    let extra = outputPadding ?? zeros, pads = window.pads ?? zeros + zeros
    var placed = PlacedWindow(
      kernel: taps, strides: window.strides ?? ones, dilations: window.dilations ?? ones, padsBegin: zeros,
      padsEnd: zeros,
      input: [], output: stops)
    guard placed.strides.count == rank, placed.dilations.count == rank, pads.count == 2 * rank, extra.count == rank,
      window.kernel ?? taps == taps, !taps.contains(0)
    else { throw .invalid("kernel_shape, strides, dilations, pads or output_padding do not fit \(rank) spatial axes") }
    let wanted = outputShape.map { Array($0.suffix(rank)) }
    guard wanted?.count ?? rank == rank else { throw .invalid("output_shape \(outputShape ?? []) is too short") }
    for axis in 0..<rank {
      guard stops[axis] > 0, stops[axis] < 1 << 31, taps[axis] < 1 << 31 else {
        throw .invalid("a kernel \(taps) over an input \(stops)")
      }
      // What the taps reach, at most 2⁶³ - 1 by the bounds on each factor.
      let full = placed.strides[axis] * (stops[axis] - 1) + extra[axis] + placed.extent(axis)
      let total: Int
      if let wanted {
        total = full - wanted[axis]
      } else if window.autoPad == .sameUpper || window.autoPad == .sameLower {
        total = full - placed.strides[axis] * stops[axis]
      } else {
        let isExplicit = window.autoPad == .explicit
        placed.padsBegin[axis] = isExplicit ? pads[axis] : 0
        placed.padsEnd[axis] = isExplicit ? pads[axis + rank] : 0
        total = placed.padsBegin[axis] + placed.padsEnd[axis]
      }
      if wanted != nil || window.autoPad == .sameUpper || window.autoPad == .sameLower {
        placed.padsBegin[axis] = window.autoPad == .sameUpper ? max(0, total) / 2 : (max(0, total) + 1) / 2
        placed.padsEnd[axis] = total - placed.padsBegin[axis]
      }
      guard full - total > 0 else { throw .invalid("pads \(total) leave nothing of an output of \(full)") }
      placed.input.append(full - total)
    }
    return placed
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, w, bias) = (inputs[0], inputs[1], inputs.optional(2))
    let placed = try place(
      TensorType(x.dtype, x.shape), TensorType(w.dtype, w.shape), bias.map { TensorType($0.dtype, $0.shape) })
    let shape = [x.shape[0], w.shape[1] * group] + placed.input
    switch x.dtype {
    case .float32: break
    case .float64: return [try DirectConvolution(placed, group: group).runTransposed(x, w, bias, shape)]
    default: return try Conversion.wideningFloats(inputs, run)
    }
    let offsets = bias?.elements(Float.self) ?? [Float](repeating: 0, count: w.shape[1] * group)
    return [
      try x.mapped(Float.self, shape: shape) { (x0, y) throws(OperatorError) in
        try w.withPointer(Float.self) { (w0) throws(OperatorError) in
          try spread(x0, x.shape, w0, w.shape, offsets, placed, y)
        }
      }
    ]
  }

  private func spread(
    _ x: UnsafePointer<Float>, _ xShape: [Int], _ w: UnsafePointer<Float>, _ wShape: [Int], _ bias: [Float],
    _ placed: PlacedWindow, _ y: UnsafeMutablePointer<Float>
  ) throws(OperatorError) {
    let (taken, made, taps) = (xShape[1] / group, wShape[1], placed.taps)
    let (stops, plane) = (placed.output.product, placed.input.product)
    let columns = UnsafeMutablePointer<Float>.allocate(capacity: max(1, made * taps * stops))
    let targets = UnsafeMutablePointer<Int>.allocate(capacity: max(1, taps * stops))
    defer {
      columns.deallocate()
      targets.deallocate()
    }
    // Where each tap of each stop goes, tap by tap; -1 outside the output.
    withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, taps)) { reads in
      guard let reads = reads.baseAddress else { return }
      for stop in 0..<stops {
        placed.reads(at: stop, into: reads)
        for t in 0..<taps { targets[t * stops + stop] = reads[t] }
      }
    }
    for n in 0..<xShape[0] {
      for g in 0..<group {
        try OperatorError.math { () throws(MathError) in
          try ShrinkMath.Gemm.single(
            transposeA: true, m: made * taps, n: stops, k: taken, a: w + g * taken * made * taps,
            b: x + (n * group + g) * taken * stops, c: columns)
        }
        let image = y + (n * group + g) * made * plane
        Parallel.forEach(made) { range in
          for o in range {
            (image + o * plane).update(repeating: bias[g * made + o], count: plane)
            for t in 0..<taps {
              let (from, to, target) = (columns + (o * taps + t) * stops, image + o * plane, targets + t * stops)
              for s in 0..<stops where target[s] >= 0 { to[target[s]] += from[s] }
            }
          }
        }
      }
    }
  }

  /// Channels of x are groups × inputs of a group, those of y groups × outputs of a group.
  package func couple(_ c: inout Coupling) {
    let y = Port.output(0, 1)
    c.tie(.input(0, 0), .output(0, 0))
    if group == 1 {
      c.tie(.input(1, 1), y)
      if c.inputs.optional(2) != nil { c.tie(.input(2, 0), y) }
      return c.contract(.input(0, 1), with: .input(1, 0))
    }
    let taken = c.size(.input(0, 1)) / group
    let (groups, read, made) = (c.factor(group), c.factor(taken), c.factor(c.size(.input(1, 1))))
    for port in [Port.input(0, 1), .input(1, 0)] { c.split(port, into: [groups, read]) }
    for port in [y] + (c.inputs.optional(2) == nil ? [] : [.input(2, 0)]) { c.split(port, into: [groups, made]) }
    c.split(.input(1, 1), into: [made])
    if taken > 1 { c.contractPart(of: .input(0, 1), with: .input(1, 0)) }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard group > 1 else { return [] }
    let groups = size(.output(0, 1)) / max(size(.input(1, 1)), 1)
    return groups == group ? [] : [.attribute("group", .int(Int64(groups)))]
  }

  /// One map a group; none where each channel is filtered on its own.
  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let (x, w) = (inputs[0], inputs[1])
    guard group == 1 || w.shape[0] > group, x.dtype == .float32, let placed = try? place(x, w, inputs.optional(2))
    else { return [] }
    let product = LinearProduct(
      channels: w.shape[0] / group, taps: placed.taps, outputs: w.shape[1],
      positions: x.shape[0] * placed.input.product, isPadded: placed.taps > 1 || placed.input != placed.output)
    return (0..<group).map { Reading(part: $0, groups: group, window: placed, product: product) }
  }
}

// MARK: Matrix view

extension ConvTranspose {
  /// The product of one group.
  private struct Reading: GroupReading {
    let part: Int
    let groups: Int
    /// The window of the convolution that this one transposes.
    let window: PlacedWindow
    let product: LinearProduct

    func gatherRows(
      _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
    ) {
      let (plane, taps, places) = (window.output.product, window.taps, window.input.product)
      // The stop at which each tap writes to a place of the output; -1 where it never does.
      var sources = [Int](repeating: -1, count: places * taps)
      var targets = [Int](repeating: -1, count: taps)
      for stop in 0..<plane {
        targets.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { window.reads(at: stop, into: base) } }
        for t in 0..<taps where targets[t] >= 0 { sources[targets[t] * taps + t] = stop }
      }
      sources.withUnsafeBufferPointer { sources in
        guard let sources = sources.baseAddress else { return }
        gather(x, positions, columns: product.channels * taps, into: rows) { x, position, row, _ in
          let image = x + (position / places * groups + part) * product.channels * plane
          copyTaps(
            image, channels: product.channels, plane: plane, sources + position % places * taps, taps: taps, to: row)
        }
      }
    }

    func matrixOrder() -> [Int] {
      let (outputs, taps) = (product.outputs, product.taps)
      return (firstChannel..<firstChannel + product.channels).flatMap { c in
        (0..<taps).flatMap { t in (0..<outputs).map { (c * outputs + $0) * taps + t } }
      }
    }
  }
}
