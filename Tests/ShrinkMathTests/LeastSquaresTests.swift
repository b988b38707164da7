import ShrinkMath
import Testing

@Suite struct LeastSquaresTests {
  @Test(arguments: [0, 1, 5, 40]) func ridgeSolvesTheNormalEquations(_ size: Int) throws {
    var random = Random(seed: 10)
    let (gram, cross) = (random.gram(size, rank: size + 10), random.matrix(size, 3))
    let w = try LeastSquares.ridge(gram: gram, cross: cross, ridge: 0.1)
    #expect(largestDifference((gram * w + 0.1 * w).values, cross.values) < 1e-10)
  }

  @Test func fitsThroughColumnsOfVeryDifferentSize() throws {
    var random = Random(seed: 11)
    var x = random.matrix(100, 6)
    x.scaleColumns([1e-6, 1, 1e5, 3, 1e-3, 10])
    let planted = random.matrix(6, 2)
    let w = try LeastSquares.ridge(gram: x.transposedTimes(x), cross: x.transposedTimes(x * planted))
    #expect(largestDifference((x * w).values, (x * planted).values) < 1e-8)
    #expect(largestDifference(w.values, planted.values) < 1e-4)
  }

  @Test(arguments: [1, 4, 9]) func dependentColumnsStillFit(_ rank: Int) throws {
    var random = Random(seed: 12)
    let x = random.matrix(60, rank) * random.matrix(rank, 10)
    let y = x * random.matrix(10, 3)
    let w = try LeastSquares.ridge(gram: x.transposedTimes(x), cross: x.transposedTimes(y))
    #expect(largestDifference((x * w).values, y.values) < 1e-6)
    #expect(w.values.allSatisfy { abs($0) < 100 })
  }

  @Test func deadAndDuplicateColumns() throws {
    let gram = Matrix([[0, 0, 0], [0, 2, 2], [0, 2, 2]])
    let w = try LeastSquares.ridge(gram: gram, cross: Matrix([[0], [4], [4]]))
    #expect(largestDifference(w.values, [0, 1, 1]) < 1e-12)
  }

  @Test func refusesNaN() {
    #expect(throws: MathError.self) {
      try LeastSquares.ridge(gram: Matrix.identity(1), cross: Matrix([[.nan]]))
    }
    #expect(throws: MathError.self) {
      try LeastSquares.ridge(gram: Matrix([[.nan]]), cross: Matrix([[1]]))
    }
  }
}
