import ShrinkGraph
import ShrinkOps

/// Numbers for the axes of all values of a graph.
struct AxisNumbers {
  /// Number of the first axis of each value.
  private let first: [Int]
  /// Types of the values whose axes are followed.
  let types: [TensorType?]
  /// Size of each axis.
  let sizes: [Int]

  /// Most indices of all axes together: one integer each is held, and the largest networks need a tenth.
  private static let most = 1 << 26
  /// Most indices of one axis.
  private static let longest = 1 << 22

  /// Numbers the axes of values of known types, but for those that are too long to follow index by index.
  init(_ types: [TensorType?]) {
    var total = 0
    self.types = types.map { type in
      guard let type, type.shape.allSatisfy({ $0 <= Self.longest }) else { return nil }
      let size = type.shape.reduce(0, +)
      guard total + size <= Self.most else { return nil }
      total += size
      return type
    }
    var next = 0
    first = self.types.map { type in
      defer { next += type?.shape.count ?? 0 }
      return next
    }
    sizes = self.types.flatMap { $0?.shape ?? [] }
  }

  /// Sizes of the axes of a value; empty where they are not followed.
  func shape(_ value: ValueID) -> [Int] { types[value.index]?.shape ?? [] }

  /// The number of an axis; nil where it is not followed.
  func number(_ axis: ValueAxis) -> Int? {
    axis.axis < shape(axis.value).count ? first[axis.value.index] + axis.axis : nil
  }
}
