import ShrinkMath
import Testing

@Suite struct SymmetricTests {
  @Test(arguments: [0, 1, 2, 9, 60]) func diagonalises(_ size: Int) throws {
    var random = Random(seed: 7)
    let a = random.gram(size, rank: size)
    let eigen = try SymmetricEigen(a)
    #expect(eigen.values == eigen.values.sorted())
    let rebuilt = (eigen.vectors * Matrix(diagonal: eigen.values)).timesTransposed(eigen.vectors)
    #expect(largestDifference(rebuilt.values, a.values) < 1e-9)
    let identity = eigen.vectors.transposedTimes(eigen.vectors)
    #expect(largestDifference(identity.values, Matrix.identity(size).values) < 1e-10)
  }

  @Test func refusesNaN() {
    #expect(throws: MathError.self) { try SymmetricEigen(Matrix([[.nan]])) }
  }
}
