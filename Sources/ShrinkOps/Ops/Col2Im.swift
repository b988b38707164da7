import ShrinkGraph
import ShrinkMath

/// Adds up blocks where they overlap: [N, C · taps, stops] gives images [N, C, image_shape…].
///
/// Source: the ONNX specification of Col2Im, version 18.
package struct Col2Im: Operator {
  package static let names = ["Col2Im"]
  package static let opsets = 18...28
  package static let inputs = 3...3
  private let window: SlidingWindow

  package init(_ attributes: Attributes) throws(OperatorError) { window = try SlidingWindow(attributes) }

  /// The window whose input is the image, and the shape of the result.
  private func place(
    _ x: TensorType, _ image: Tensor, _ block: Tensor
  ) throws(OperatorError) -> (placed: PlacedWindow, shape: [Int]) {
    guard let image = image.integers, let block = block.integers, image.count == block.count,
      (image + block).allSatisfy({ $0 > 0 })
    else { throw .invalid("operands 'image_shape' and 'block_shape' must be positive, one number for each axis") }
    let placed = try window.placed(on: image, taps: block)
    guard let taps = Tensor.checkedCount(block), let stops = Tensor.checkedCount(placed.output), x.shape.count == 3,
      x.shape[1] % taps == 0, x.shape[2] == stops
    else { throw .invalid("blocks \(x.shape) of \(block) do not fit an image \(image)") }
    return (placed, try Axes.checked([x.shape[0], x.shape[1] / taps] + image, x.dtype))
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let image = inputs[1].constant, let block = inputs[2].constant else { throw .shapeDependsOnData }
    return [TensorType(inputs[0].dtype, try place(inputs[0], image, block).shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let (placed, shape) = try place(TensorType(x.dtype, x.shape), inputs[1], inputs[2])
    switch x.dtype {
    case .float32: return [try spread(x, placed, shape, Float.self, +)]
    case .float64: return [try spread(x, placed, shape, Double.self, +)]
    case .int64: return [try spread(x, placed, shape, Int64.self, &+)]
    default:
      let wide = try Conversion.widening(Operands([x])) { (wide) throws(OperatorError) in
        try run(Operands([wide[0], inputs[1], inputs[2]]))
      }
      return wide
    }
  }

  private func spread<T: TensorElement & ExpressibleByIntegerLiteral>(
    _ x: Tensor, _ placed: PlacedWindow, _ shape: [Int], _ type: T.Type, _ add: (T, T) -> T
  ) throws(OperatorError) -> Tensor {
    let (plane, stops, taps) = (placed.input.product, placed.output.product, placed.taps)
    return try x.mapped(T.self, shape: shape) { x, y in
      Parallel.forEach(shape[0] * shape[1], minimumChunk: max(1, parallelGrain / max(1, stops * taps))) { range in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, taps)) { reads in
          guard let reads = reads.baseAddress else { return }
          for image in range {
            let (from, to) = (x + image * taps * stops, y + image * plane)
            to.update(repeating: 0, count: plane)
            for stop in 0..<stops {
              placed.reads(at: stop, into: reads)
              for t in 0..<taps where reads[t] >= 0 { to[reads[t]] = add(to[reads[t]], from[t * stops + stop]) }
            }
          }
        }
      }
    }
  }
}
