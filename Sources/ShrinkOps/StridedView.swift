import ShrinkGraph
import ShrinkMath

/// A tensor read in another order: every operator that only moves elements is one of these.
///
/// Element (i₀, i₁, …) of the view is element `start` + Σ iₐ · strides[a] of the source, row-major.
struct StridedView {
  /// Size of each axis of the view.
  var shape: [Int]
  /// Steps in elements of the source; 0 repeats, negative ones read backwards.
  var strides: [Int]
  /// Where the first element stands, in elements of the source.
  var start = 0

  /// Elements along each side of a tile in a transposition: two tiles fit the innermost cache.
  private static let tile = 32

  /// The axes of a row-major array in another order.
  static func transposing(_ shape: [Int], by order: [Int]) -> StridedView {
    let strides = Axes.strides(shape)
    return StridedView(shape: order.map { shape[$0] }, strides: order.map { strides[$0] })
  }

  /// Copies the elements that the view shows, which must all lie within `source`.
  ///
  /// Throws when elements are smaller than a byte or have no fixed size.
  func copied(from source: Tensor) throws(OperatorError) -> Tensor {
    try Self.checkElements(source.dtype)
    let width = source.dtype.bits / 8
    let storage = TensorStorage(byteCount: Tensor.count(shape) * width)
    if Tensor.count(shape) > 0 {
      source.withBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        switch width {
        case 1: copy(base, storage.bytes, UInt8.self)
        case 2: copy(base, storage.bytes, UInt16.self)
        case 4: copy(base, storage.bytes, UInt32.self)
        case 8: copy(base, storage.bytes, UInt64.self)
        default: doubled.copy(base, storage.bytes, UInt64.self)
        }
      }
    }
    return Tensor(dtype: source.dtype, shape: shape, storage: storage)
  }

  /// Throws when elements of this type cannot be moved one by one.
  static func checkElements(_ dtype: DType) throws(OperatorError) {
    guard dtype.bits >= 8 else { throw .unsupportedType(dtype) }
  }

  /// The same view of elements of half the size.
  private var doubled: StridedView {
    StridedView(shape: shape + [2], strides: strides.map { $0 * 2 } + [1], start: start * 2)
  }

  private func copy<T>(_ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _: T.Type) {
    let source = from.assumingMemoryBound(to: T.self) + start
    let target = to.bindMemory(to: T.self, capacity: Tensor.count(shape))
    let walk = Walk(shape, strides: [strides])
    let step = walk.step(0)
    if step != 1, step != 0, let fast = walk.strides[0].firstIndex(of: 1) {
      return Self.copyTiles(walk, fast, source, target)
    }
    walk.forEachRun { to, from, _, _, count in
      switch step {
      case 1: (target + to).update(from: source + from, count: count)
      case 0: (target + to).update(repeating: source[from], count: count)
      default: for i in 0..<count { target[to + i] = source[from + i * step] }
      }
    }
  }

  /// Copies where axis `fast` of the view is contiguous in the source and the last is contiguous in the target, in
  /// square tiles so that both are read and written in whole cache lines.
  private static func copyTiles<T>(
    _ walk: Walk, _ fast: Int, _ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>
  ) {
    let outputs = Axes.strides(walk.sizes)
    let others = walk.sizes.indices.dropLast().filter { $0 != fast }
    let (long, wide, step, skip) = (walk.sizes[fast], walk.inner, walk.step(0), outputs[fast])
    let strips = (long + tile - 1) / tile
    let blocks = others.reduce(1) { $0 * walk.sizes[$1] }
    Parallel.forEach(blocks * strips, minimumChunk: max(1, Walk.grain / (tile * wide))) { range in
      for strip in range {
        var (from, to, rest) = (0, 0, strip / strips)
        for axis in others.reversed() {
          let index = rest % walk.sizes[axis]
          rest /= walk.sizes[axis]
          from += index * walk.strides[0][axis]
          to += index * outputs[axis]
        }
        let first = strip % strips * tile
        for left in stride(from: 0, to: wide, by: tile) {
          for i in first..<min(long, first + tile) {
            for j in left..<min(wide, left + tile) { target[to + i * skip + j] = source[from + i + j * step] }
          }
        }
      }
    }
  }
}
