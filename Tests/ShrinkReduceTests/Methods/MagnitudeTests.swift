import ShrinkGraph
import Testing

@testable import ShrinkReduce

@Suite struct MagnitudeTests {
  @Test func orderHoldsEveryUnitOnceAndErrorGrows() {
    let problem = MethodProblems.random(count: 24, seed: 1)
    let path = Magnitude().path(problem)
    #expect(path.order.sorted() == Array(0..<24))
    #expect(path.error.count == 24 && path.error[0] == 0)
    #expect(zip(path.error, path.error.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func smallestFiltersGoFirst() {
    let problem = MethodProblems.random(count: 10, seed: 2)
    let order = Magnitude().path(problem).order
    #expect(order == (0..<10).sorted { problem.incoming[$0] < problem.incoming[$1] })
  }
}
