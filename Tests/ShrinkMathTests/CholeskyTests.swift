import ShrinkMath
import Testing

@Suite struct CholeskyTests {
  @Test(arguments: [0, 1, 2, 7, 40, 130]) func solvesAndInverts(_ size: Int) throws {
    var random = Random(seed: UInt64(size))
    let a = random.gram(size, rank: size + 20)
    let b = random.matrix(size, 3)
    let cholesky = try #require(Cholesky(a, ridge: 0.5))
    var ridged = a
    ridged.addToDiagonal(0.5)
    #expect(largestDifference((ridged * cholesky.solve(b)).values, b.values) < 1e-9)
    #expect(largestDifference((ridged * cholesky.inverse()).values, Matrix.identity(size).values) < 1e-9)
    let upper = cholesky.upper
    #expect(largestDifference(upper.transposedTimes(upper).values, ridged.values) < 1e-9)
  }

  @Test func readsTheUpperTriangleOnly() throws {
    let cholesky = try #require(Cholesky(Matrix([[4, 2], [99, 3]])))
    #expect(largestDifference(cholesky.inverse().values, [3.0 / 8, -0.25, -0.25, 0.5]) < 1e-15)
    #expect(abs(cholesky.logDeterminant - 2.0794415416798357) < 1e-14)
  }

  @Test(arguments: [
    Matrix([[1, 2], [2, 1]]), Matrix([[0]]), Matrix([[-1]]), Matrix([[1, 0], [0, .nan]]), Matrix([[.infinity]]),
  ])
  func refusesWhatIsNotPositiveDefinite(_ matrix: Matrix) {
    let isRefused = Cholesky(matrix) == nil
    #expect(isRefused)
  }

  @Test func conditionTellsNearlyDependentFromIndependent() throws {
    let good = try #require(Cholesky(Matrix.identity(3)))
    #expect(good.reciprocalCondition == 1)
    let bad = try #require(Cholesky(Matrix([[1, 1], [1, 1 + 1e-12]])))
    #expect(bad.reciprocalCondition < 1e-11)
  }
}
