import ShrinkGraph

/// Finds scales, zero points and integers for numbers, in the way in which other numbers were stored.
///
/// Scales of which all numbers are multiples already stay. Others are made anew, as large as the numbers ask for; zero
/// points in the middle of the type stay there.
struct Requantization {
  private let granularity: Quantization.Granularity
  private let bounds: ClosedRange<Float>
  private let isSymmetric: Bool
  /// Scale and zero point of each place.
  private var places: [(scale: Float, zero: Float)]
  private let numbers: Tensor

  /// Nil for types without integers, and for numbers that the type cannot hold.
  init?(
    _ numbers: Tensor, like operands: Operands<Tensor>, axis: Int, block: Int
  ) throws(OperatorError) {
    guard numbers.dtype == .float32, let bounds = Quantization.bounds(operands[0].dtype),
      let shape = try Self.scaleShape(numbers.shape, like: operands[1].shape, axis: axis, block: block)
    else { return nil }
    self.numbers = numbers
    self.bounds = bounds
    granularity = try Quantization.Granularity(numbers.shape, scale: shape, axis: axis, block: block)
    let count = shape.product
    let zeros = try operands.optional(2).map { zero throws(OperatorError) in
      try Quantization.numbers(zero).elements(Float.self)
    }
    let middle = ((bounds.lowerBound + bounds.upperBound + 1) / 2).rounded(.down)
    isSymmetric = zeros?.allSatisfy { $0 == middle } ?? true
    let scales = try Quantization.numbers(operands[1]).elements(Float.self)
    // Where the scales did not follow the cut, there are none to stay.
    let fit = operands[1].shape == shape
    places = (0..<count).map { (fit ? scales[$0] : 0, fit ? zeros?[$0] ?? 0 : zeros == nil ? 0 : middle) }
    guard settle(hasZeros: zeros != nil) else { return nil }
    try round(to: operands[1].dtype)
  }

  private static func scaleShape(
    _ shape: [Int], like scale: [Int], axis: Int, block: Int
  ) throws(OperatorError) -> [Int]? {
    if scale.isEmpty || (scale == [1] && block == 0) { return scale }
    let axis = try Axes.position(axis, rank: shape.count)
    guard block > 0 else { return [shape[axis]] }
    var blocks = shape
    blocks[axis] = (shape[axis] + block - 1) / block
    return blocks
  }

  /// Gives every place whose numbers are no multiples of its scale a new one; false where the type cannot hold them.
  private mutating func settle(hasZeros: Bool) -> Bool {
    var ranges = [(low: Float, high: Float)](repeating: (0, 0), count: places.count)
    var fits = [Bool](repeating: true, count: places.count)
    let isFinite = numbers.withElements(Float.self) { x in
      for i in x.indices {
        guard x[i].isFinite else { return false }
        let place = granularity.place(of: i)
        ranges[place] = (min(ranges[place].low, x[i]), max(ranges[place].high, x[i]))
        let code = x[i] / places[place].scale + places[place].zero
        fits[place] = fits[place] && abs(code - code.rounded()) < 1e-3 && bounds.contains(code.rounded())
      }
      return true
    }
    guard isFinite else { return false }
    for place in places.indices where !fits[place] {
      let (low, high) = ranges[place]
      if isSymmetric {
        let zero = places[place].zero
        guard zero > bounds.lowerBound || low == 0 else { return false }
        places[place].scale = max(high, -low) / (bounds.upperBound - zero)
      } else {
        guard hasZeros else { return false }
        let scale = (high - low) / (bounds.upperBound - bounds.lowerBound)
        let zero = scale > 0 ? (bounds.lowerBound - low / scale).rounded() : places[place].zero
        places[place] = (scale, max(bounds.lowerBound, min(bounds.upperBound, zero)))
      }
      if !places[place].scale.isNormal { places[place].scale = 1 }
    }
    return true
  }

  /// Brings the scales to the type that holds them.
  private mutating func round(to dtype: DType) throws(OperatorError) {
    let stored = try Quantization.numbers(scaleTensor(dtype, [places.count])).elements(Float.self)
    for place in places.indices { places[place].scale = stored[place] }
  }

  private func scaleTensor(_ dtype: DType, _ shape: [Int]) throws(OperatorError) -> Tensor {
    try Conversion.convert(Tensor(shape: shape, places.map(\.scale)), to: dtype)
  }

  /// Integers, scales and zero points, of the types of `operands`.
  func operands(like operands: Operands<Tensor>, axis: Int, block: Int) throws(OperatorError) -> Operands<Tensor>? {
    guard
      let shape = try Self.scaleShape(numbers.shape, like: operands[1].shape, axis: axis, block: block),
      places.allSatisfy({ $0.scale.isNormal })
    else { return nil }
    let codes: Tensor = numbers.withElements(Float.self) { x in
      Tensor(
        shape: numbers.shape,
        x.indices.map { i in
          let (scale, zero) = places[granularity.place(of: i)]
          return Quantization.saturated(x[i] / scale, zero, bounds)
        })
    }
    var result: [Tensor?] = [
      try Quantization.stored(codes, operands[0].dtype), try scaleTensor(operands[1].dtype, shape),
    ]
    if let zero = operands.optional(2) {
      result.append(try Quantization.stored(Tensor(shape: shape, places.map(\.zero)), zero.dtype))
    }
    return Operands(result)
  }
}
