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
    x.withBytes { bytes in
      guard let from = bytes.baseAddress?.assumingMemoryBound(to: T.self) else { return }
      Parallel.forEach(shape.dropLast().product, minimumChunk: max(1, parallelGrain / max(1, columns.count))) { rows in
        for row in rows {
          let target = to + row * columns.count
          guard let source = line(row, sources.dropLast(), shape, x.shape) else {
            target.update(repeating: fill, count: columns.count)
            continue
          }
          for (i, column) in columns.enumerated() { target[i] = column < 0 ? fill : from[source * width + column] }
        }
      }
    }
    return Tensor(dtype: x.dtype, shape: shape, storage: result)
  }

  /// The line of the operand that a line of the result reads; nil where it is all constant.
  private static func line(_ row: Int, _ sources: ArraySlice<[Int]>, _ shape: [Int], _ own: [Int]) -> Int? {
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
