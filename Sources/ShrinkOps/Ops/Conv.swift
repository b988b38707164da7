import ShrinkGraph
import ShrinkMath
import Synchronization

/// Convolution over 1 to 3 spatial axes, grouped or not.
///
///   y[n, o, p] = bias[o] + Σ w[o, c, tap] · x[n, c, p · stride + tap · dilation - pad]
package struct Conv: LinearOperator {
  package static let names = ["Conv"]
  package static let opsets = 1...28
  package static let inputs = 2...3
  package var useOfAll: String { "slides a window over them" }

  let window: SlidingWindow
  let group: Int
  private let prepared = PreparedConvolution()

  package init(_ attributes: Attributes) throws(OperatorError) {
    window = try SlidingWindow(attributes)
    group = try attributes.int("group", default: 1)
    guard group > 0 else { throw .invalid("group is \(group)") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (x, w) = (inputs[0], inputs[1])
    let placed = try place(x, w, inputs.optional(2))
    return [try .sized(x.dtype, [x.shape[0], w.shape[0]] + placed.output)]
  }

  private func place(_ x: TensorType, _ w: TensorType, _ bias: TensorType?) throws(OperatorError) -> PlacedWindow {
    guard x.shape.count > 2, w.shape.count == x.shape.count else {
      throw .invalid("the input \(x.shape) and the weight \(w.shape) must have the same number of axes, at least 3")
    }
    let channels = w.shape[1].multipliedReportingOverflow(by: group)
    guard !channels.overflow, x.shape[1] == channels.partialValue, w.shape[0] % group == 0 else {
      throw .invalid("a weight \(w.shape) in \(group) groups does not fit an input \(x.shape)")
    }
    guard bias.map({ $0.shape == [w.shape[0]] }) ?? true else {
      throw .invalid("a bias \(bias?.shape ?? []) does not fit a weight \(w.shape)")
    }
    guard w.dtype == x.dtype, bias.map({ $0.dtype == x.dtype }) ?? true else {
      let types = [x, w, bias].compactMap { $0.map { "\($0.dtype)" } }.joined(separator: ", ")
      throw .invalid("input, weight and bias must have one element type, not \(types)")
    }
    return try window.placed(on: x.spatial, taps: w.spatial)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, w, bias) = (inputs[0], inputs[1], inputs.optional(2))
    let placed = try place(
      TensorType(x.dtype, x.shape), TensorType(w.dtype, w.shape), bias.map { TensorType($0.dtype, $0.shape) })
    let shape = [x.shape[0], w.shape[0]] + placed.output
    switch x.dtype {
    case .float32: break
    case .float64: return [try DirectConvolution(placed, group: group).run(x, w, bias, shape)]
    default: return try Conversion.wideningFloats(inputs, run)
    }
    return [try prepared.run(x, w, bias, placed, group: group, shape: shape)]
  }

  /// Channels of x are groups × inputs of a group, filters groups × outputs of a group.
  package func couple(_ c: inout Coupling) {
    let (filters, y) = (Port.input(1, 0), Port.output(0, 1))
    c.tie(.input(0, 0), .output(0, 0))
    if group == 1 {
      c.tie(filters, y)
      if c.inputs.optional(2) != nil { c.tie(.input(2, 0), y) }
      return c.contract(.input(0, 1), with: .input(1, 1))
    }
    let taken = c.size(.input(1, 1))
    let (groups, made) = (c.factor(group), c.factor(c.size(filters) / group))
    let read = c.factor(taken)
    c.split(.input(0, 1), into: [groups, read])
    for port in [filters, y] + (c.inputs.optional(2) == nil ? [] : [.input(2, 0)]) {
      c.split(port, into: [groups, made])
    }
    guard taken > 1 else { return }
    c.split(.input(1, 1), into: [read])
    c.contractPart(of: .input(0, 1), with: .input(1, 1))
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard group > 1 else { return [] }
    let groups = size(.input(0, 1)) / max(size(.input(1, 1)), 1)
    return groups == group ? [] : [.attribute("group", .int(Int64(groups)))]
  }

  /// One map a group; none where each channel is filtered on its own.
  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    let (x, w) = (inputs[0], inputs[1])
    guard group == 1 || w.shape[1] > 1, x.dtype == .float32, let placed = try? place(x, w, inputs.optional(2)) else {
      return []
    }
    let product = LinearProduct(
      channels: w.shape[1], taps: placed.taps, outputs: w.shape[0] / group,
      positions: x.shape[0] * placed.output.product, isPadded: placed.readsPadding)
    return (0..<group).map { Reading(part: $0, groups: group, window: placed, product: product) }
  }
}

// MARK: Matrix view

extension Conv {
  /// The product of one group.
  private struct Reading: GroupReading {
    let part: Int
    let groups: Int
    let window: PlacedWindow
    let product: LinearProduct

    func gatherRows(
      _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
    ) {
      let (plane, stops) = (window.input.product, window.output.product)
      gather(x, positions, columns: product.channels * window.taps, into: rows) { x, position, row, reads in
        window.reads(at: position % stops, into: reads)
        let image = x + (position / stops * groups + part) * product.channels * plane
        copyTaps(image, channels: product.channels, plane: plane, reads, taps: window.taps, to: row)
      }
    }

    func matrixOrder() -> [Int] {
      let (outputs, columns) = (product.outputs, product.channels * product.taps)
      return (0..<columns).flatMap { column in (0..<outputs).map { (firstOutput + $0) * columns + column } }
    }
  }
}

/// Calls `body` for each position with the elements, the position, its row and room for the reads of its taps.
func gather(
  _ x: Tensor, _ positions: [Int], columns: Int, into rows: UnsafeMutablePointer<Float>,
  _ body: (UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Int>) -> Void
) {
  x.withElements(Float.self) { x in
    guard let x = x.baseAddress, columns > 0 else { return }
    Parallel.forEach(positions.count, minimumChunk: max(1, parallelGrain / columns)) { range in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: columns) { reads in
        guard let reads = reads.baseAddress else { return }
        for i in range { body(x, positions[i], rows + i * columns, reads) }
      }
    }
  }
}

/// Writes the taps of every channel of one image side by side; a read of -1 gives zero.
func copyTaps(
  _ image: UnsafePointer<Float>, channels: Int, plane: Int, _ reads: UnsafePointer<Int>, taps: Int,
  to row: UnsafeMutablePointer<Float>
) {
  let isInside = (0..<taps).allSatisfy { reads[$0] >= 0 }
  for c in 0..<channels {
    let (from, to) = (image + c * plane, row + c * taps)
    if isInside {
      for t in 0..<taps { to[t] = from[reads[t]] }
    } else {
      for t in 0..<taps { to[t] = reads[t] < 0 ? 0 : from[reads[t]] }
    }
  }
}

/// Copies some channels of an N × C × spatial tensor at `positions`, samples outermost, one row a position.
func gatherChannels(
  _ y: Tensor, _ chosen: Range<Int>, positions: [Int], into rows: UnsafeMutablePointer<Float>
) {
  let (channels, stops) = (y.shape[1], y.shape.dropFirst(2).product)
  gather(y, positions, columns: chosen.count, into: rows) { y, position, row, _ in
    let from = y + (position / stops * channels + chosen.lowerBound) * stops + position % stops
    for c in 0..<chosen.count { row[c] = from[c * stops] }
  }
}

/// Holds the compiled convolution and the weights that it has reordered, so that both are done once.
private final class PreparedConvolution: Sendable {
  private struct State {
    var window: PlacedWindow?
    var convolution: Convolution?
    /// The storage is kept, so that its address names its elements.
    var weight: TensorStorage?
    var weightID: UInt64 = 0
  }
  private let state = Mutex(State())

  func run(
    _ x: Tensor, _ w: Tensor, _ bias: Tensor?, _ placed: PlacedWindow, group: Int, shape: [Int]
  ) throws(OperatorError) -> Tensor {
    let (convolution, id) = try prepare(w, placed, group)
    return try x.mapped(Float.self, shape: shape) { (x0, y) throws(OperatorError) in
      try w.withPointer(Float.self) { (w0) throws(OperatorError) in
        try (bias ?? w).withPointer(Float.self) { (bias0) throws(OperatorError) in
          try OperatorError.math { () throws(MathError) in
            try convolution.run(
              x: x0, xShape: x.shape, w: w0, wShape: w.shape, bias: bias == nil ? nil : bias0, y: y, yShape: shape,
              weightsID: id)
          }
        }
      }
    }
  }

  private func prepare(_ w: Tensor, _ placed: PlacedWindow, _ group: Int) throws(OperatorError) -> (Convolution, UInt64)
  {
    try state.withLock { (state: inout State) throws(OperatorError) in
      if state.weight !== w.storage {
        state.weight = w.storage
        state.weightID += 1
      }
      if let convolution = state.convolution, state.window?.isCompiled(as: placed) ?? false {
        return (convolution, state.weightID)
      }
      let made = try OperatorError.math { () throws(MathError) in
        try Convolution(
          groups: group, strides: placed.strides, dilations: placed.dilations, padsBegin: placed.padsBegin,
          padsEnd: placed.padsEnd)
      }
      (state.window, state.convolution) = (placed, made)
      return (made, state.weightID)
    }
  }
}

extension PlacedWindow {
  /// Whether a convolution made for the one serves the other: input lengths may differ.
  fileprivate func isCompiled(as other: PlacedWindow) -> Bool {
    padsBegin == other.padsBegin && padsEnd == other.padsEnd
  }
}
