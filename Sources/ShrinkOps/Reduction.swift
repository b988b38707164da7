import ShrinkGraph
import ShrinkMath

/// How a reduction walks over its operand: neighbouring axes that are both kept or both reduced count as one.
struct Reduction {
  /// Joined axes, outermost first; never empty.
  private let axes: [(size: Int, isReduced: Bool)]
  /// Number of elements that become one.
  let length: Int

  /// Prepares the reduction of an array of `shape` over some of its axes.
  init(_ shape: [Int], _ reduced: Set<Int>) {
    var axes: [(size: Int, isReduced: Bool)] = []
    for axis in shape.indices where shape[axis] != 1 {
      let isReduced = reduced.contains(axis)
      if let last = axes.last, last.isReduced == isReduced {
        axes[axes.count - 1].size *= shape[axis]
      } else {
        axes.append((shape[axis], isReduced))
      }
    }
    self.axes = axes.isEmpty ? [(1, false)] : axes
    length = reduced.reduce(1) { $0 * shape[$1] }
  }

  /// The shape of the result: reduced axes have size 1, or are dropped.
  static func shape(_ shape: [Int], _ reduced: Set<Int>, keepsAxes: Bool) -> [Int] {
    shape.indices.compactMap { reduced.contains($0) ? keepsAxes ? 1 : nil : shape[$0] }
  }

  /// Ties the axes that are not reduced.
  static func couple(_ c: inout Coupling, _ reduced: Set<Int>, keepsAxes: Bool) {
    var to = 0
    for axis in c.inputs[0].shape.indices {
      if !reduced.contains(axis) { c.tie(.input(0, axis), .output(0, to)) }
      if keepsAxes || !reduced.contains(axis) { to += 1 }
    }
  }

  /// Folds the elements of each part, in their order, into a result of `shape`.
  ///
  /// Results depend neither on the number of threads nor on the walk.
  @inline(__always)
  func fold<T: TensorElement, S, R: TensorElement>(
    _ x: Tensor, _ shape: [Int], _ first: S, _ step: (S, T) -> S, _ finish: (S) -> R
  ) -> Tensor {
    let count = Tensor.count(shape)
    let sums = UnsafeMutablePointer<S>.allocate(capacity: count)
    defer { sums.deallocate() }
    sums.initialize(repeating: first, count: count)
    x.withElements(T.self) { elements in
      guard let source = elements.baseAddress, !elements.isEmpty else { return }
      let kept = axes[0].isReduced ? 1 : axes[0].size
      let (part, results) = (elements.count / kept, count / kept)
      Parallel.forEach(kept, minimumChunk: max(1, Walk.grain / part)) { range in
        for i in range { walk(source + i * part, sums + i * results, step) }
      }
    }
    return Tensor(shape: shape, R.self) { target in
      for i in 0..<count { target[i] = finish(sums[i]) }
    }
  }

  /// Folds what stands behind one index of the outermost axis, if that is kept, or else everything.
  @inline(__always)
  private func walk<T, S>(_ source: UnsafePointer<T>, _ sums: UnsafeMutablePointer<S>, _ step: (S, T) -> S) {
    let own = axes[0].isReduced ? axes : Array(axes.dropFirst())
    guard let last = own.last else {
      sums[0] = step(sums[0], source[0])
      return
    }
    var strides = [Int](repeating: 0, count: own.count)
    var stride = 1
    for axis in own.indices.reversed() where !own[axis].isReduced {
      strides[axis] = stride
      stride *= own[axis].size
    }
    let rows = Walk(own.map(\.size), strides: [strides])
    // A walk never joins a kept with a reduced axis: the steps of one are 0.
    let isReduced = last.isReduced
    rows.forEachRow(in: 0..<rows.rows) { row, to, _, _ in
      let from = source + row * rows.inner
      if isReduced {
        var sum = sums[to]
        for k in 0..<rows.inner { sum = step(sum, from[k]) }
        sums[to] = sum
      } else {
        for k in 0..<rows.inner { sums[to + k] = step(sums[to + k], from[k]) }
      }
    }
  }
}
