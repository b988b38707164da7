/// Picking and moving rows and columns.
extension Matrix {
  /// The transpose, `columns` × `rows`.
  package var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    let (m, n, tile) = (rows, columns, 32)
    values.withUnsafeBufferPointer { source in
      result.values.withUnsafeMutableBufferPointer { target in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        for top in stride(from: 0, to: m, by: tile) {
          for left in stride(from: 0, to: n, by: tile) {
            for i in top..<min(top + tile, m) {
              for j in left..<min(left + tile, n) { target[j * m + i] = source[i * n + j] }
            }
          }
        }
      }
    }
    return result
  }

  /// The rows at `indices`, in that order; repeats are allowed.
  package func rows(_ indices: [Int]) -> Matrix {
    submatrix(rows: indices, columns: nil)
  }

  /// The columns at `indices`, in that order; repeats are allowed.
  package func columns(_ indices: [Int]) -> Matrix {
    submatrix(rows: nil, columns: indices)
  }

  /// The entries where the rows `rowIndices` and the columns `columnIndices` cross.
  package func submatrix(rows rowIndices: [Int], columns columnIndices: [Int]) -> Matrix {
    submatrix(rows: .some(rowIndices), columns: .some(columnIndices))
  }

  private func submatrix(rows rowIndices: [Int]?, columns columnIndices: [Int]?) -> Matrix {
    precondition(rowIndices?.allSatisfy { $0 >= 0 && $0 < rows } ?? true)
    precondition(columnIndices?.allSatisfy { $0 >= 0 && $0 < columns } ?? true)
    let (height, width) = (rowIndices?.count ?? rows, columnIndices?.count ?? columns)
    let n = columns
    let picked = [Double](unsafeUninitializedCapacity: height * width) { target, count in
      count = height * width
      guard count > 0, let target = target.baseAddress else { return }
      values.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress else { return }
        for i in 0..<height {
          let from = source + (rowIndices.map { $0[i] } ?? i) * n
          let to = target + i * width
          if let columnIndices {
            columnIndices.withUnsafeBufferPointer { index in for j in 0..<width { to[j] = from[index[j]] } }
          } else {
            to.update(from: from, count: width)
          }
        }
      }
    }
    return Matrix(rows: height, columns: width, values: picked)
  }
}
