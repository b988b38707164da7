import ShrinkMath

/// Arithmetic of shapes and strides.
enum StridedShape {
  /// Strides of a row-major array.
  static func dense(_ shape: [Int]) -> [Int] { StridedLayout(dense: shape).strides }

  /// Strides of an array whose axes stand in memory in the order `order`, outermost first.
  static func dense(_ shape: [Int], order: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var stride = 1
    for axis in order.reversed() {
      strides[axis] = stride
      stride *= shape[axis]
    }
    return strides
  }

  /// N × C × spatial with the channels innermost.
  static func channelsLast(_ shape: [Int]) -> [Int] {
    dense(shape, order: [0] + Array(2..<shape.count) + [1])
  }

  /// Whether two lists of strides name the same elements: strides of axes of length 1 do not matter.
  static func agree(_ a: [Int], _ b: [Int], _ shape: [Int]) -> Bool {
    shape.indices.allSatisfy { shape[$0] == 1 || a[$0] == b[$0] }
  }

  /// The same places with strides by which a library reads matrices of the last two axes: one of them 1, the other at
  /// least as long as the rows or columns; nil where they are not of that form.
  ///
  /// Strides of axes of length 1 are free.
  static func matrix(_ shape: [Int], _ strides: [Int]) -> [Int]? {
    let rank = shape.count
    guard rank >= 2, !zip(shape, strides).contains(where: { $0 != 1 && $1 == 0 }) else { return nil }
    var result = strides
    let (rows, columns) = (rank - 2, rank - 1)
    if shape[columns] == 1 { result[columns] = 1 }
    if shape[rows] == 1 { result[rows] = result[columns] == 1 ? shape[columns] : 1 }
    let isRowMajor = result[columns] == 1 && result[rows] >= shape[columns]
    let isColumnMajor = result[rows] == 1 && result[columns] >= shape[rows]
    guard isRowMajor || isColumnMajor else { return nil }
    let matrix = max(shape[rows] * result[rows], shape[columns] * result[columns])
    for axis in 0..<rows where shape[axis] == 1 { result[axis] = matrix }
    return result
  }

  /// Axes by falling stride: their order in memory.
  static func order(_ shape: [Int], _ strides: [Int]) -> [Int] {
    // Axes of length 1 keep their place beside their neighbours.
    shape.indices.sorted { a, b in
      if shape[a] == 1 || shape[b] == 1 || strides[a] == strides[b] { return a < b }
      return strides[a] > strides[b]
    }
  }

  /// The order of the axes in memory when the elements fill it without gaps; nil otherwise.
  static func densePermutation(_ shape: [Int], _ strides: [Int]) -> [Int]? {
    let long = shape.indices.filter { shape[$0] != 1 }.sorted { strides[$0] > strides[$1] }
    var stride = 1
    for axis in long.reversed() {
      guard strides[axis] == stride else { return nil }
      stride *= shape[axis]
    }
    let short = shape.indices.filter { shape[$0] == 1 }
    return short + long
  }

  /// Strides of the same elements under another shape with as many; nil where they would have to be copied.
  static func reshaped(_ shape: [Int], _ strides: [Int], to other: [Int]) -> [Int]? {
    let long = shape.indices.filter { shape[$0] != 1 }
    var result = [Int](repeating: 1, count: other.count)
    var (i, j) = (0, 0)
    while i < long.count {
      // The next axes of both sides that hold equally many elements.
      var (last, count, made) = (i, shape[long[i]], 1)
      let first = j
      while made != count {
        if made < count {
          guard j < other.count else { return nil }
          made *= other[j]
          j += 1
        } else {
          last += 1
          guard last < long.count else { return nil }
          count *= shape[long[last]]
        }
      }
      for k in i..<last where strides[long[k]] != strides[long[k + 1]] * shape[long[k + 1]] { return nil }
      var stride = strides[long[last]]
      for axis in (first..<j).reversed() {
        result[axis] = stride
        stride *= other[axis]
      }
      i = last + 1
    }
    return result
  }

  /// The same index space with fewer axes, for several tensors over it: axes of length 1 go, and neighbours that are
  /// contiguous in every tensor become one.
  static func collapsed(_ dims: [Int], _ strides: [[Int]]) -> (dims: [Int], strides: [[Int]]) {
    var (small, kept) = ([Int](), strides.map { _ in [Int]() })
    for axis in dims.indices where dims[axis] != 1 {
      let joins =
        !small.isEmpty && strides.indices.allSatisfy { kept[$0][small.count - 1] == strides[$0][axis] * dims[axis] }
      if joins {
        small[small.count - 1] *= dims[axis]
        for t in strides.indices { kept[t][small.count - 1] = strides[t][axis] }
      } else {
        small.append(dims[axis])
        for t in strides.indices { kept[t].append(strides[t][axis]) }
      }
    }
    return small.isEmpty ? ([1], strides.map { _ in [1] }) : (small, kept)
  }
}
