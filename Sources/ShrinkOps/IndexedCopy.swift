import ShrinkGraph
import ShrinkMath

/// Copies elements from chosen indices of every axis: padding, cropping, nearest-neighbour sampling.
enum IndexedCopy {
  /// The tensor whose element (i₀, i₁, …) is that at (sources[0][i₀], sources[1][i₁], …) of `x`.
  ///
  /// A source of -1 gives the one element of `fill`, of the type of `x`; zero bits where there is none. Throws when
  /// elements cannot be copied one by one.
  static func copied(_ x: Tensor, _ sources: [[Int]], fill: Tensor? = nil) throws(OperatorError) -> Tensor {
    switch x.dtype.bits {
    case 8: copy(x, fill, sources, UInt8.self)
    case 16: copy(x, fill, sources, UInt16.self)
    case 32: copy(x, fill, sources, UInt32.self)
    case 64 where x.dtype != .complex64: copy(x, fill, sources, UInt64.self)
    default: throw .noKernel(for: x.dtype)
    }
  }

  /// Copies elements as bit patterns.
  private static func copy<T: FixedWidthInteger>(
    _ x: Tensor, _ fill: Tensor?, _ sources: [[Int]], _ type: T.Type
  ) -> Tensor {
    let shape = sources.map(\.count)
    let result = TensorStorage(byteCount: shape.product * MemoryLayout<T>.stride)
    let to = result.bytes.bindMemory(to: T.self, capacity: shape.product)
    let fill = fill?.withBytes { $0.loadUnaligned(as: T.self) } ?? 0
    let (width, columns) = (x.shape.last ?? 1, sources.last ?? [0])
    let runs = runs(columns)
    let copiesRuns = runs.count * 4 <= columns.count
    x.withBytes { bytes in
      guard let from = bytes.baseAddress?.assumingMemoryBound(to: T.self) else { return }
      Parallel.forEach(shape.dropLast().product, minimumChunk: max(1, parallelGrain / max(1, columns.count))) { rows in
        for row in rows {
          let target = to + row * columns.count
          guard let source = lineNumber(row, sources.dropLast(), shape, x.shape) else {
            target.update(repeating: fill, count: columns.count)
            continue
          }
          let line = from + source * width
          if copiesRuns {
            for run in runs {
              if run.from < 0 {
                (target + run.at).update(repeating: fill, count: run.count)
              } else {
                (target + run.at).update(from: line + run.from, count: run.count)
              }
            }
          } else {
            for (i, column) in columns.enumerated() { target[i] = column < 0 ? fill : line[column] }
          }
        }
      }
    }
    return Tensor(dtype: x.dtype, shape: shape, storage: result)
  }

  /// Runs of places that read neighbours, or all the constant.
  private static func runs(_ columns: [Int]) -> [(at: Int, from: Int, count: Int)] {
    var result: [(at: Int, from: Int, count: Int)] = []
    for (place, column) in columns.enumerated() {
      if let last = result.last, column < 0 ? last.from < 0 : last.from >= 0 && column == last.from + last.count {
        result[result.count - 1].count += 1
      } else {
        result.append((place, column, 1))
      }
    }
    return result
  }

  /// The line of the operand that a line of the result reads; nil where it is all constant.
  private static func lineNumber(_ row: Int, _ sources: ArraySlice<[Int]>, _ shape: [Int], _ own: [Int]) -> Int? {
    var (rest, result, stride) = (row, 0, 1)
    for axis in sources.indices.reversed() {
      let index = sources[axis][rest % shape[axis]]
      guard index >= 0 else { return nil }
      rest /= shape[axis]
      result += index * stride
      stride *= own[axis]
    }
    return result
  }
}

extension Tensor {
  /// A tensor of a shape that has no elements, however long its other axes are.
  static func empty(_ dtype: DType, _ shape: [Int]) -> Tensor {
    Tensor(dtype: dtype, shape: shape, storage: TensorStorage(byteCount: 0))
  }
}
