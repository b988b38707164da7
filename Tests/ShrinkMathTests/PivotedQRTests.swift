import ShrinkMath
import Testing

@Suite struct PivotedQRTests {
  @Test(arguments: [[1, 1], [6, 4], [4, 6], [50, 20], [0, 3], [3, 0]]) func rebuildsTheMatrix(_ shape: [Int]) {
    var random = Random(seed: 8)
    let a = random.matrix(shape[0], shape[1])
    let qr = PivotedQR(a)
    let steps = min(shape[0], shape[1])
    #expect(qr.rank() == steps)
    #expect(largestDifference((qr.q * qr.r).values, a.columns(qr.permutation).values) < 1e-12)
    #expect(largestDifference(qr.q.transposedTimes(qr.q).values, Matrix.identity(steps).values) < 1e-12)
    let diagonal = qr.r.diagonal.map(abs)
    #expect(zip(diagonal, diagonal.dropFirst()).allSatisfy { $0 >= $1 - 1e-12 })
  }

  @Test func interpolatesDependentColumns() {
    var random = Random(seed: 9)
    let x = random.matrix(40, 5) * random.matrix(5, 12)
    let qr = PivotedQR(x)
    #expect(qr.rank(tolerance: 1e-10) == 5)
    let kept = x.columns(Array(qr.permutation.prefix(5)))
    let rest = x.columns(Array(qr.permutation.dropFirst(5)))
    #expect(largestDifference((kept * qr.interpolation(5)).values, rest.values) < 1e-10)
  }

  @Test func zeroMatrixHasRankZero() {
    #expect(PivotedQR(Matrix(rows: 4, columns: 3)).rank() == 0)
  }
}
