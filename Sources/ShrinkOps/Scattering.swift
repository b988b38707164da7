import ShrinkGraph

/// Puts blocks of elements into a copy of a tensor: ScatterElements with blocks of one element, ScatterND with slices.
///
/// Where several go to one place, they join in the order in which they stand.
struct Scattering {
  /// How an update joins what stands in its place.
  enum Reduction: String {
    case none, add, mul, max, min
  }
  private let reduction: Reduction

  /// Reads attribute `reduction`.
  init(_ attributes: Attributes) throws(OperatorError) {
    let name = try attributes.string("reduction") ?? "none"
    guard let reduction = Reduction(rawValue: name) else { throw .invalid("reduction is '\(name)'") }
    self.reduction = reduction
  }

  /// The data with block b of `length` elements of `updates` put at element `targets[b]`.
  ///
  /// All blocks must lie within both tensors.
  func apply(
    _ data: Tensor, _ updates: Tensor, at targets: [Int], length: Int
  ) throws(OperatorError) -> Tensor {
    guard reduction != .none else { return try Self.replace(data, updates, targets, length) }
    let wide = try data.computable()
    let kernel = Joining(
      reduction: reduction, data: wide, updates: try updates.computable(), targets: targets, length: length)
    let result = try kernel.run(wide.dtype)
    return result.dtype == data.dtype ? result : try Conversion.convert(result, to: data.dtype)
  }

  /// Moves bytes, whatever they stand for.
  private static func replace(
    _ data: Tensor, _ updates: Tensor, _ targets: [Int], _ length: Int
  ) throws(OperatorError) -> Tensor {
    try StridedView.checkElements(data.dtype)
    let width = data.dtype.bits / 8
    let storage = TensorStorage(byteCount: data.byteCount)
    data.withBytes { bytes in
      if let from = bytes.baseAddress { storage.bytes.copyMemory(from: from, byteCount: bytes.count) }
    }
    updates.withBytes { bytes in
      guard let from = bytes.baseAddress, length > 0 else { return }
      let size = length * width
      for (block, target) in targets.enumerated() {
        (storage.bytes + target * width).copyMemory(from: from + block * size, byteCount: size)
      }
    }
    return Tensor(dtype: data.dtype, shape: data.shape, storage: storage)
  }

  private struct Joining: NumberKernel {
    let reduction: Reduction
    let data: Tensor
    let updates: Tensor
    let targets: [Int]
    let length: Int

    func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> Tensor {
      switch reduction {
      case .none: join { (_: T, new: T) in new }
      case .add: join(T.sum)
      case .mul: join(T.product)
      case .max: join(T.greater)
      case .min: join(T.smaller)
      }
    }

    @inline(__always)
    private func join<T: NumberElement>(_ function: (T, T) -> T) -> Tensor {
      Tensor(shape: data.shape, T.self) { result in
        data.withElements(T.self) { _ = result.initialize(fromContentsOf: $0) }
        updates.withElements(T.self) { updates in
          for (block, target) in targets.enumerated() {
            for i in 0..<length { result[target + i] = function(result[target + i], updates[block * length + i]) }
          }
        }
      }
    }
  }
}
