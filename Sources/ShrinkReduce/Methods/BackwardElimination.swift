/// Removes the unit whose loss the re-fitted readers feel least, exactly computed, one after the other.
package struct BackwardElimination: Method {
  package static let name = "elimination"
  package static let summary = "remove what the re-fitted readers miss least (the default)"
  package init() {}

  package func path(_ problem: GroupProblem) -> Elimination.Path {
    var elimination = Elimination(
      group: problem.group, count: problem.count, readers: problem.readers, pairs: problem.pairs)
    return elimination.run()
  }
}
