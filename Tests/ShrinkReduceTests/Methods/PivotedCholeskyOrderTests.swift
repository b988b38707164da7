import ShrinkGraph
import Testing

@testable import ShrinkReduce

@Suite struct PivotedCholeskyOrderTests {
  @Test func orderHoldsEveryUnitOnceAndErrorGrows() {
    let problem = MethodProblems.random(count: 24, seed: 1)
    let path = PivotedCholeskyOrder().path(problem)
    #expect(path.order.sorted() == Array(0..<24))
    #expect(path.error.count == 24 && path.error[0] == 0)
    #expect(zip(path.error, path.error.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test(arguments: 0..<5 as Range<UInt64>) func plantedCopiesCostNothing(seed: UInt64) {
    let copies = [3: 0, 7: 1, 11: 2]
    let problem = MethodProblems.random(count: 12, copies: copies, seed: seed)
    let path = PivotedCholeskyOrder().path(problem)
    #expect(path.error[3] < 1e-6, "seed \(seed): three units depend on others, yet they cost \(path.error[3])")
    #expect(path.error[4] > 1e-4)
  }
}
