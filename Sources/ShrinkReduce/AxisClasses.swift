import ShrinkGraph
import ShrinkOps

/// One axis of one value.
package struct ValueAxis: Hashable, Sendable, Comparable {
  /// The value.
  package let value: ValueID
  /// The axis, counted from 0.
  package let axis: Int

  /// Names an axis.
  package init(_ value: ValueID, _ axis: Int) {
    self.value = value
    self.axis = axis
  }

  package static func < (a: ValueAxis, b: ValueAxis) -> Bool { (a.value, a.axis) < (b.value, b.axis) }
}

/// Union-find over every index of every axis of a graph: indices of one class stand or fall together.
///
/// One integer an index; path halving with the smaller root winning, so that roots do not depend on the order of ties.
struct AxisClasses {
  /// First index of each axis of each value; empty for values of unknown type.
  private let base: [[Int]]
  /// Sizes of the axes of each value; empty for values of unknown type.
  let shapes: [[Int]]
  private var parent: [Int32]

  /// Most indices of all axes together: one integer each is held, and the largest networks need a tenth.
  private static let most = 1 << 26
  /// Most indices of one axis.
  private static let longest = 1 << 22

  /// The types without those whose axes are too long to follow index by index.
  static func followed(_ types: [TensorType?]) -> [TensorType?] {
    var total = 0
    return types.map { type in
      guard let type, type.shape.allSatisfy({ $0 <= longest }) else { return nil }
      let size = type.shape.reduce(0, +)
      guard total + size <= most else { return nil }
      total += size
      return type
    }
  }

  /// Starts with every index alone; `types` are `followed`.
  init(_ types: [TensorType?]) {
    shapes = types.map { $0?.shape ?? [] }
    var total = 0
    base = shapes.map { shape in
      shape.map { size in
        defer { total += size }
        return total
      }
    }
    parent = (0..<Int32(total)).map { $0 }
  }

  /// Number of indices.
  var count: Int { parent.count }

  /// The class of index `i` of an axis.
  mutating func root(_ axis: ValueAxis, _ i: Int) -> Int { root(base[axis.value.index][axis.axis] + i) }

  private mutating func root(_ start: Int) -> Int {
    var x = start
    while parent[x] != x {
      parent[x] = parent[Int(parent[x])]
      x = Int(parent[x])
    }
    return x
  }

  /// Applies one run of ties between two axes.
  mutating func unite(_ a: ValueAxis, from firstA: Int, _ b: ValueAxis, from firstB: Int, count: Int, block: Int) {
    let startA = base[a.value.index][a.axis] + firstA
    let startB = base[b.value.index][b.axis] + firstB
    for i in 0..<count {
      for k in 0..<block {
        let x = root(startA + i)
        let y = root(startB + i * block + k)
        if x != y { parent[max(x, y)] = Int32(min(x, y)) }
      }
    }
  }
}
