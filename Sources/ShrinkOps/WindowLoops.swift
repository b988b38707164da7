import ShrinkGraph
import ShrinkMath

/// Plain loops over windows, for what the compiled poolings do not do.
enum WindowLoops {
  /// Calls `body(plane, stop, reads)` for every plane and stop of a window, on several threads.
  ///
  /// `reads` are the flat spatial indices that the taps read; -1 outside the input.
  static func forEach(
    _ placed: PlacedWindow, planes: Int, _ body: (Int, Int, UnsafeBufferPointer<Int>) -> Void
  ) {
    let taps = placed.taps
    let stops = placed.output.product
    Parallel.forEach(stops, minimumChunk: max(1, parallelGrain / max(1, taps * planes))) { range in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, taps)) { reads in
        guard let base = reads.baseAddress else { return }
        for stop in range {
          placed.reads(at: stop, into: base)
          for plane in 0..<planes { body(plane, stop, UnsafeBufferPointer(start: base, count: taps)) }
        }
      }
    }
  }

  /// One number for each window, from a function of the plane and what the taps read.
  static func map<T: TensorElement>(
    _ x: Tensor, _ placed: PlacedWindow, _ type: T.Type, _ body: (UnsafePointer<T>, UnsafeBufferPointer<Int>, Int) -> T
  ) throws(OperatorError) -> Tensor {
    let (plane, stops) = (placed.input.product, placed.output.product)
    let shape = try Axes.checked(x.shape.prefix(2) + placed.output, x.dtype)
    return try x.mapped(T.self, shape: shape) { x, y in
      forEach(placed, planes: shape[0] * shape[1]) { image, stop, reads in
        y[image * stops + stop] = body(x + image * plane, reads, stop)
      }
    }
  }

  /// The mean of each window, as the compiled pooling defines it.
  static func average<T: FloatElement>(
    _ x: Tensor, _ placed: PlacedWindow, countsPads: Bool, _ type: T.Type
  ) throws(OperatorError) -> Tensor {
    try map(x, placed, T.self) { image, reads, stop in
      var (sum, count): (T, Int) = (0, 0)
      for read in reads where read >= 0 {
        sum += image[read]
        count += 1
      }
      if countsPads { count = placed.paddedTaps(at: stop) }
      return count > 0 ? sum / T(count) : 0
    }
  }
}

extension PlacedWindow {
  /// How many taps of a stop lie within the input and its pads.
  func paddedTaps(at stop: Int) -> Int {
    var (rest, result) = (stop, 1)
    for axis in (0..<rank).reversed() {
      let start = rest % output[axis] * strides[axis]
      rest /= output[axis]
      let room = input[axis] + padsBegin[axis] + padsEnd[axis] - start
      result *= max(0, min(kernel[axis], (room + dilations[axis] - 1) / dilations[axis]))
    }
    return result
  }
}
