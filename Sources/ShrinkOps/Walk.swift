import ShrinkMath

/// A walk over up to three arrays at once, each with its own steps, row by row of the result.
///
/// Axes of size 1 are dropped and neighbours that can be read as one axis are joined, so that equal shapes become one
/// long row, and [C, 1, 1] against [N, C, H, W] becomes rows of H·W elements against one element.
struct Walk {
  /// Sizes of the joined axes, outermost first; never empty.
  let sizes: [Int]
  /// Steps in elements, for each array and joined axis.
  let strides: [[Int]]

  /// Fewest elements that are worth a thread of their own.
  static let grain = 1 << 15

  /// Joins the axes of `shape`, along which each array has the given steps.
  init(_ shape: [Int], strides given: [[Int]]) {
    var sizes: [Int] = []
    var strides = [[Int]](repeating: [], count: given.count)
    for axis in shape.indices where shape[axis] != 1 {
      let last = sizes.count - 1
      let joins = last >= 0 && given.indices.allSatisfy { strides[$0][last] == given[$0][axis] * shape[axis] }
      if joins {
        sizes[last] *= shape[axis]
        for array in given.indices { strides[array][last] = given[array][axis] }
      } else {
        sizes.append(shape[axis])
        for array in given.indices { strides[array].append(given[array][axis]) }
      }
    }
    self.sizes = sizes.isEmpty ? [1] : sizes
    self.strides = sizes.isEmpty ? given.map { _ in [1] } : strides
  }

  /// Elements of a row.
  var inner: Int { sizes[sizes.count - 1] }
  /// Number of rows.
  var rows: Int { sizes.dropLast().reduce(1, *) }
  /// Step of an array along a row; 0 for an array that there is not.
  func step(_ array: Int) -> Int { array < strides.count ? strides[array][sizes.count - 1] : 0 }

  /// Calls `body(result, first, second, third, count)` for runs of `count` elements, on several threads.
  ///
  /// Offsets in elements at which the run starts in the result and in each array. Runs do not overlap in the result.
  @inline(__always)
  func forEachRun(_ body: (Int, Int, Int, Int, Int) -> Void) {
    let (rows, inner) = (rows, inner)
    guard rows > 0, inner > 0 else { return }
    if rows == 1 {
      Parallel.forEach(inner, minimumChunk: Self.grain) { run in
        let start = run.lowerBound
        body(start, start * step(0), start * step(1), start * step(2), run.count)
      }
    } else {
      Parallel.forEach(rows, minimumChunk: max(1, Self.grain / inner)) { range in
        forEachRow(in: range) { body($0 * inner, $1, $2, $3, inner) }
      }
    }
  }

  /// Calls `body(row, first, second, third)` for rows of a range: offsets in elements at which the row starts.
  @inline(__always)
  func forEachRow(in range: Range<Int>, _ body: (Int, Int, Int, Int) -> Void) {
    let outer = sizes.count - 1
    var index = [Int](repeating: 0, count: outer)
    var rest = range.lowerBound
    for axis in (0..<outer).reversed() { (rest, index[axis]) = rest.quotientAndRemainder(dividingBy: sizes[axis]) }
    let steps = (0..<3).map { $0 < strides.count ? strides[$0] : [Int](repeating: 0, count: sizes.count) }
    var offsets = (0, 0, 0)
    for axis in 0..<outer {
      offsets.0 += index[axis] * steps[0][axis]
      offsets.1 += index[axis] * steps[1][axis]
      offsets.2 += index[axis] * steps[2][axis]
    }
    for row in range {
      body(row, offsets.0, offsets.1, offsets.2)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        offsets.0 += steps[0][axis]
        offsets.1 += steps[1][axis]
        offsets.2 += steps[2][axis]
        if index[axis] < sizes[axis] { break }
        offsets.0 -= steps[0][axis] * sizes[axis]
        offsets.1 -= steps[1][axis] * sizes[axis]
        offsets.2 -= steps[2][axis] * sizes[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
