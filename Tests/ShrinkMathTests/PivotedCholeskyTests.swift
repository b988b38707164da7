import ShrinkMath
import Testing

@Suite struct PivotedCholeskyTests {
  @Test(arguments: [[1, 1], [5, 5], [20, 7], [90, 30], [90, 1]]) func findsTheRank(_ shape: [Int]) {
    var random = Random(seed: 5)
    let a = random.gram(shape[0], rank: shape[1])
    let pivoted = PivotedCholesky(a, tolerance: 1e-12)
    #expect(pivoted.rank == shape[1])
    #expect(pivoted.permutation.sorted() == Array(0..<shape[0]))
    let permuted = a.submatrix(rows: pivoted.permutation, columns: pivoted.permutation)
    #expect(largestDifference(pivoted.upper.transposedTimes(pivoted.upper).values, permuted.values) < 1e-9)
  }

  @Test func dependenceRebuildsTheOtherColumns() {
    var random = Random(seed: 6)
    let x = random.matrix(50, 4) * random.matrix(4, 9)
    let pivoted = PivotedCholesky(x.transposedTimes(x), tolerance: 1e-12)
    #expect(pivoted.rank == 4)
    let kept = x.columns(Array(pivoted.permutation.prefix(4)))
    let rest = x.columns(Array(pivoted.permutation.dropFirst(4)))
    #expect(largestDifference((kept * pivoted.dependence).values, rest.values) < 1e-6)
  }

  @Test func zeroAndEmptyMatricesHaveRankZero() {
    #expect(PivotedCholesky(Matrix(rows: 3, columns: 3)).rank == 0)
    #expect(PivotedCholesky(Matrix(rows: 3, columns: 3)).permutation == [0, 1, 2])
    #expect(PivotedCholesky(Matrix(rows: 0, columns: 0)).rank == 0)
  }
}
