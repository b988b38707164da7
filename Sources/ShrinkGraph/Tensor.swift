/// A dense row-major array of one element type.
///
/// Copies share their bytes, which are never written again.
package struct Tensor: Sendable {
  /// Element type.
  package let dtype: DType
  /// Size of each axis; empty for a scalar.
  package let shape: [Int]
  /// The elements, row-major, sub-byte types packed as ONNX packs them.
  package let storage: TensorStorage
  /// Where the first element stands in the storage, in bytes.
  package let offset: Int

  /// Wraps bytes that exist already.
  ///
  /// The storage must hold `count` elements from `offset` on.
  package init(dtype: DType, shape: [Int], storage: TensorStorage, offset: Int = 0) {
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.offset = offset
    precondition(
      dtype.byteCount(Self.count(shape)).map { offset >= 0 && offset <= storage.byteCount - $0 } ?? false,
      "a tensor must fit its storage")
  }

  /// Makes a tensor of `shape`; `body` must initialise every element.
  package init<T: TensorElement, E: Error>(
    shape: [Int], _ type: T.Type, initializing body: (UnsafeMutableBufferPointer<T>) throws(E) -> Void
  ) throws(E) {
    let count = Self.count(shape)
    let storage = TensorStorage(byteCount: count * MemoryLayout<T>.stride)
    try body(UnsafeMutableBufferPointer(start: storage.bytes.bindMemory(to: T.self, capacity: count), count: count))
    self.init(dtype: T.dtype, shape: shape, storage: storage)
  }

  /// Copies the elements of an array, whose count must be that of the shape.
  package init<T: TensorElement>(shape: [Int], _ elements: [T]) {
    precondition(elements.count == Self.count(shape), "\(elements.count) elements do not fill shape \(shape)")
    self.init(shape: shape, T.self) { _ = $0.initialize(fromContentsOf: elements) }
  }

  /// A scalar.
  package init<T: TensorElement>(_ value: T) { self.init(shape: [], [value]) }

  /// A tensor with the same element repeated.
  package init<T: TensorElement>(shape: [Int], repeating value: T) {
    self.init(shape: shape, T.self) { $0.initialize(repeating: value) }
  }

  /// Number of elements of a shape.
  package static func count(_ shape: [Int]) -> Int { shape.reduce(1, *) }
  /// Number of elements of a shape from a file; nil when a size is negative or the product overflows.
  ///
  /// Sizes beside a 0 must be countable as well: parts of the shape are multiplied on their own.
  package static func checkedCount(_ shape: [Int]) -> Int? {
    var total = 1
    for size in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: Swift.max(1, size))
      guard size >= 0, !overflow else { return nil }
      total = product
    }
    return shape.contains(0) ? 0 : total
  }

  /// Number of axes.
  package var rank: Int { shape.count }
  /// Number of elements.
  package var count: Int { Self.count(shape) }
  /// Number of bytes that the elements take.
  package var byteCount: Int { dtype.byteCount(count) ?? 0 }

  /// The same elements under another shape with the same count.
  package func reshaped(_ shape: [Int]) -> Tensor {
    precondition(Self.count(shape) == count, "\(self.shape) cannot be read as \(shape)")
    return Tensor(dtype: dtype, shape: shape, storage: storage, offset: offset)
  }

  /// Rows `range` of the first axis, without copying.
  ///
  /// The element type must not be smaller than a byte.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0] && dtype.bits >= 8)
    let row = Self.count(Array(shape.dropFirst())) * dtype.bits / 8
    return Tensor(
      dtype: dtype, shape: [range.count] + shape.dropFirst(), storage: storage, offset: offset + range.lowerBound * row)
  }

  /// Lends the elements.
  ///
  /// `T` must be the Swift type of `dtype`.
  package func withElements<T: TensorElement, R, E: Error>(
    _ type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    precondition(dtype == T.dtype, "elements are \(dtype), not \(T.dtype)")
    defer { withExtendedLifetime(storage) {} }
    let start = (storage.bytes + offset).assumingMemoryBound(to: T.self)
    return try body(UnsafeBufferPointer(start: start, count: count))
  }

  /// Lends the bytes of the elements.
  package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.bytes + offset, count: byteCount))
  }

  /// The elements as an array.
  ///
  /// `T` must be the Swift type of `dtype`.
  package func elements<T: TensorElement>(_ type: T.Type = T.self) -> [T] { withElements(T.self) { Array($0) } }
}

extension Tensor: Equatable {
  /// Same type, shape and bytes.
  package static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.dtype == b.dtype, a.shape == b.shape else { return false }
    return a.withBytes { x in b.withBytes { y in x.elementsEqual(y) } }
  }
}
