import ShrinkGraph

/// Positions of axes and sizes of results, as attributes and operands from a file give them.
enum Axes {
  /// An axis counted from 0; a negative one counts from the end.
  ///
  /// Throws when there is no such axis.
  static func position(_ axis: Int, rank: Int) throws(OperatorError) -> Int {
    guard axis < rank, axis >= -rank else { throw .noAxis(axis, rank) }
    return axis < 0 ? axis + rank : axis
  }

  /// Axes counted from 0, in the order given.
  ///
  /// Throws when one does not exist or stands twice.
  static func positions(_ axes: [Int], rank: Int) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for axis in axes {
      let position = try position(axis, rank: rank)
      guard !result.contains(position) else { throw .invalid("names axis \(axis) twice") }
      result.append(position)
    }
    return result
  }

  /// An index counted from 0; a negative one counts from the end.
  ///
  /// Throws when the axis has no such index.
  static func index(_ index: Int, length: Int) throws(OperatorError) -> Int {
    guard index < length, index >= -length else {
      throw OperatorError(.badData, "takes index \(index) of an axis of \(length)")
    }
    return index < 0 ? index + length : index
  }

  /// The integers of an operand of indices.
  ///
  /// Throws when it has another type than int32 or int64.
  static func indices(_ tensor: Tensor) throws(OperatorError) -> [Int] {
    guard tensor.dtype == .int64 || tensor.dtype == .int32, let indices = tensor.integers else {
      throw .unsupportedType(tensor.dtype)
    }
    return indices
  }

  /// The integers of an operand that must be known before the network runs; nil when it is left out.
  static func constant(_ inputs: Operands<TensorType>, _ slot: Int, _ name: String) throws(OperatorError) -> [Int]? {
    guard let type = inputs.optional(slot) else { return nil }
    guard let tensor = type.constant else { throw .shapeDependsOnData }
    guard let integers = tensor.integers else {
      throw .unsupported("operand '\(name)' has elements of type \(type.dtype)")
    }
    return integers
  }

  /// The one integer of an operand that must be known before the network runs; nil when it is left out.
  static func scalar(_ inputs: Operands<TensorType>, _ slot: Int, _ name: String) throws(OperatorError) -> Int? {
    guard let integers = try constant(inputs, slot, name) else { return nil }
    guard integers.count == 1 else { throw .invalid("operand '\(name)' has \(integers.count) elements instead of one") }
    return integers[0]
  }

  /// The integers of an attribute where it is given, or else of an operand; nil when both are left out.
  static func integers(
    _ attribute: [Int]?, _ inputs: Operands<TensorType>, _ slot: Int, _ name: String
  ) throws(OperatorError) -> [Int]? {
    if let attribute { return attribute }
    return try constant(inputs, slot, name)
  }

  /// Most bytes that one result may take: more is a broken file, not a network.
  static let largestResult = 1 << 33

  /// Passes a shape that comes from the file on.
  ///
  /// Throws when a size is negative or the result could not be held.
  static func checked(_ shape: [Int], _ dtype: DType) throws(OperatorError) -> [Int] {
    guard let count = Tensor.checkedCount(shape), let bytes = dtype.byteCount(count), bytes <= largestResult else {
      throw .invalid("the result would have shape \(shape)")
    }
    return shape
  }

  /// Steps in elements along each axis of a row-major array.
  ///
  /// The shape's count must not overflow; the steps of an array without elements may.
  static func strides(_ shape: [Int]) -> [Int] {
    var result = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { result[axis] = result[axis + 1] &* shape[axis + 1] }
    return result
  }
}

extension Operands<Tensor> {
  /// Types of operands whose elements are all known.
  var types: Operands<TensorType> { Operands<TensorType>(items.map { $0.map { TensorType(constant: $0) } }) }
}

extension OperatorError {
  /// There is no kernel for this element type.
  static func unsupportedType(_ dtype: DType) -> OperatorError {
    guard dtype != .string else {
      return .unsupported("elements of type string are left out on purpose: \(LeftOut.strings)")
    }
    return .unsupported("elements of type \(dtype)")
  }

  fileprivate static func noAxis(_ axis: Int, _ rank: Int) -> OperatorError {
    .invalid("names axis \(axis) of a tensor with \(rank) axes")
  }
}
