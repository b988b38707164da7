/// Removes the units that are made with the smallest weights (L2 norm of the filter; Li et al., arXiv 1608.08710).
package struct Magnitude: Method {
  package static let name = "magnitude"
  package static let summary = "remove the units made with the smallest weights, for comparison"
  package init() {}

  package func path(_ problem: GroupProblem) -> Elimination.Path {
    let order = (0..<problem.count).sorted { (problem.incoming[$0], $0) < (problem.incoming[$1], $1) }
    var elimination = Elimination(
      group: problem.group, count: problem.count, readers: problem.readers, pairs: problem.pairs)
    return elimination.run(in: order)
  }
}
