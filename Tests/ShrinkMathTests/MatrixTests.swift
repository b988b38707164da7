import ShrinkMath
import Testing

@Suite struct MatrixTests {
  static let shapes = [
    [1, 1, 1], [2, 3, 4], [5, 1, 7], [17, 33, 9], [0, 3, 2], [3, 0, 2], [3, 2, 0], [70, 40, 65],
  ]

  @Test(arguments: shapes) func productsEqualLoops(_ shape: [Int]) {
    var random = Random(seed: 1)
    let (a, b) = (random.matrix(shape[0], shape[1]), random.matrix(shape[1], shape[2]))
    let expected = naiveProduct(a, b)
    for product in [a * b, a.transposed.transposedTimes(b), a.timesTransposed(b.transposed)] {
      #expect(product.rows == shape[0] && product.columns == shape[2])
      #expect(largestDifference(product.values, expected.values) < 1e-12)
    }
  }

  @Test func transposeSwapsIndices() {
    var random = Random(seed: 2)
    let a = random.matrix(37, 70)
    let t = a.transposed
    #expect(t[69, 3] == a[3, 69])
    #expect(t.transposed == a)
  }

  @Test func selectionTakesRowsAndColumnsInOrder() {
    let a = Matrix([[1, 2, 3], [4, 5, 6]])
    #expect(a.rows([1, 0, 1]) == Matrix([[4, 5, 6], [1, 2, 3], [4, 5, 6]]))
    #expect(a.columns([2, 0]) == Matrix([[3, 1], [6, 4]]))
    #expect(a.submatrix(rows: [1], columns: [2, 2]) == Matrix([[6, 6]]))
    #expect(a.columns([]) == Matrix(rows: 2, columns: 0))
    #expect(a.row(1) == [4, 5, 6])
    #expect(a.column(1) == [2, 5])
  }

  @Test func sumsAndScales() {
    var a = Matrix([[1, 2], [3, 4]])
    let b = Matrix.identity(2)
    #expect(a + b == Matrix([[2, 2], [3, 5]]))
    #expect(a - b == Matrix([[0, 2], [3, 3]]))
    #expect(2 * a == Matrix([[2, 4], [6, 8]]))
    a += b
    a.addToDiagonal(1)
    a.scale(by: 0.5)
    #expect(a == Matrix([[1.5, 1], [1.5, 3]]))
    a.scaleRows([2, 1])
    a.scaleColumns([1, 10])
    #expect(a == Matrix([[3, 20], [1.5, 30]]))
    #expect(a.diagonal == [3, 30])
  }

  @Test(arguments: [[0, 3, 2], [1, 1, 1], [7, 5, 3], [1500, 40, 11], [300, 0, 2], [2000, 3, 130]])
  func accumulationEqualsProducts(_ shape: [Int]) {
    var random = Random(seed: 3)
    let (count, p, q) = (shape[0], shape[1], shape[2])
    let (x, y) = (random.floats(count * p), random.floats(count * q))
    var (gram, cross) = (Matrix(rows: p, columns: p), Matrix(rows: p, columns: q))
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        for _ in 0..<2 {
          gram.symmetricAccumulate(rows: x, count: count)
          cross.accumulateProduct(x, columns: p, y, columns: q, rows: count)
        }
      }
    }
    gram.symmetrize()
    let wide = Matrix(rows: count, columns: p, values: x.map(Double.init))
    let target = Matrix(rows: count, columns: q, values: y.map(Double.init))
    #expect(largestDifference(gram.values, (2 * wide.transposedTimes(wide)).values) < 1e-9)
    #expect(largestDifference(cross.values, (2 * wide.transposedTimes(target)).values) < 1e-9)
    #expect(gram.transposed == gram)
  }

  @Test func accumulationSkipsBetweenRows() {
    let x: [Float] = [1, 2, 9, 3, 4]
    var gram = Matrix(rows: 2, columns: 2)
    x.withUnsafeBufferPointer { gram.symmetricAccumulate(rows: $0, count: 2, stride: 3) }
    gram.symmetrize()
    #expect(gram == Matrix([[10, 14], [14, 20]]))
  }

  @Test func accumulationKeepsDigitsThatFloatSumsLose() {
    let x = [Float](repeating: 0.1, count: 200_000)
    var gram = Matrix(rows: 1, columns: 1)
    x.withUnsafeBufferPointer { gram.symmetricAccumulate(rows: $0, count: x.count) }
    let exact = Double(Float(0.1)) * Double(Float(0.1)) * 200_000
    #expect(abs(gram[0, 0] / exact - 1) < 1e-12)
  }
}
