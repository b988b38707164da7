import ShrinkMath

/// What a method sees of a group.
package struct GroupProblem: Sendable {
  /// Position of the group in `Coupled.groups`.
  package let group: Int
  /// Number of units.
  package let count: Int
  /// The sites that read the group.
  package let readers: [Compensation]
  /// The products of two activations that sum over the group.
  package let pairs: [PairMoments]
  /// Norm of the weights that make each unit.
  package let incoming: [Double]

  /// Whether it is known of every reader what the outputs make of its errors.
  package var isWeighted: Bool { Elimination.isWeighted(readers, pairs) }
}

/// How the units of a group are ranked.
///
/// One type, one file, in `Methods/`.
package protocol Method: Sendable {
  /// What `--method` takes.
  static var name: String { get }
  /// Its line in the help.
  static var summary: String { get }
  init()
  /// Units in the order of their removal, and the error that is left after compensation at each width.
  func path(_ problem: GroupProblem) -> Elimination.Path
}

/// Every method there is: one line each.
package enum MethodTable {
  /// The methods, the default first.
  package static let all: [any Method.Type] = [
    BackwardElimination.self,
    Magnitude.self,
    PivotedCholeskyOrder.self,
    Seed.self,
  ]

  /// The method with a name.
  package static func make(_ name: String) -> (any Method)? { all.first { $0.name == name }?.init() }
}
