import ShrinkMath

/// Removes the unit that the others predict best, whatever reads it: the score of Shah, Olivier and Raj (arXiv
/// 2005.14070), 1 / (G⁻¹)_jj in closed form.
package struct Seed: Method {
  package static let name = "seed"
  package static let summary = "remove what the other units predict best, readers left out, for comparison"
  package init() {}

  package func path(_ problem: GroupProblem) -> Elimination.Path {
    var unweighted = Elimination(
      group: problem.group, count: problem.count, readers: problem.readers, pairs: problem.pairs, seesWeights: false)
    let order = unweighted.run().order
    var elimination = Elimination(
      group: problem.group, count: problem.count, readers: problem.readers, pairs: problem.pairs)
    return elimination.run(in: order)
  }
}
