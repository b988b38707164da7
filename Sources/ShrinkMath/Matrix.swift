/// A dense matrix of Float64, row-major.
package struct Matrix: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  /// Entry (i, j) stands at `i * columns + j`.
  package internal(set) var values: [Double]

  /// `rows` × `columns` entries, all `value`.
  package init(rows: Int, columns: Int, repeating value: Double = 0) {
    precondition(rows >= 0 && columns >= 0)
    self.init(rows: rows, columns: columns, values: [Double](repeating: value, count: rows * columns))
  }

  /// Takes `values` in row-major order; their number must be `rows * columns`.
  package init(rows: Int, columns: Int, values: [Double]) {
    precondition(rows >= 0 && columns >= 0 && values.count == rows * columns)
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// One array for each row, all of one length.
  package init(_ rows: [[Double]]) {
    let columns = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == columns })
    self.init(rows: rows.count, columns: columns, values: Array(rows.joined()))
  }

  /// The `rows` × `columns` float32 values at `floats`, row-major, converted.
  package init(rows: Int, columns: Int, floats: UnsafeBufferPointer<Float>) {
    precondition(floats.count == rows * columns)
    self.init(rows: rows, columns: columns, values: floats.map(Double.init))
  }

  /// The square matrix with `diagonal` on its diagonal and zeros elsewhere.
  package init(diagonal: [Double]) {
    self.init(rows: diagonal.count, columns: diagonal.count)
    for (i, value) in diagonal.enumerated() { self[i, i] = value }
  }

  /// The identity of `size` rows.
  package static func identity(_ size: Int) -> Matrix {
    Matrix(diagonal: [Double](repeating: 1, count: size))
  }

  package subscript(row: Int, column: Int) -> Double {
    get {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      return values[row * columns + column]
    }
    set {
      precondition(row >= 0 && row < rows && column >= 0 && column < columns)
      values[row * columns + column] = newValue
    }
  }

  package var isSquare: Bool { rows == columns }

  /// The entries (i, i).
  package var diagonal: [Double] { (0..<min(rows, columns)).map { self[$0, $0] } }

  /// The square root of the sum of squares of all entries.
  package var frobeniusNorm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// Row `i` as an array of `columns` values.
  package func row(_ i: Int) -> [Double] { Array(values[(i * columns)..<((i + 1) * columns)]) }

  /// Column `j` as an array of `rows` values.
  package func column(_ j: Int) -> [Double] { (0..<rows).map { self[$0, j] } }

  /// Calls `body` with the entries, row-major, for reading in hot loops.
  package func withValues<R, E: Error>(_ body: (UnsafeBufferPointer<Double>) throws(E) -> R) throws(E) -> R {
    try values.withUnsafeBufferPointer(body)
  }

  /// Calls `body` with the entries, row-major, for writing in hot loops.
  package mutating func withMutableValues<R, E: Error>(
    _ body: (inout UnsafeMutableBufferPointer<Double>) throws(E) -> R
  ) throws(E) -> R {
    try values.withUnsafeMutableBufferPointer(body)
  }
}

extension Matrix: CustomStringConvertible {
  package var description: String {
    (0..<rows).map { i in row(i).map { "\($0)" }.joined(separator: " ") }.joined(separator: "\n")
  }
}
