import ShrinkGraph

/// A rewrite of a graph that changes no output beyond rounding.
package protocol Pass: Sendable {
  /// Name in messages.
  static var name: String { get }
  /// One line for the report.
  static var summary: String { get }
  /// Rewrites the graph; returns whether anything changed.
  func apply(to graph: inout Graph) throws(ShrinkError) -> Bool
}

/// The passes, in the order in which they run.
package struct Pipeline: Sendable {
  private let passes: [any Pass]
  private let checks: Bool

  /// The order: identities first, so that folding sees producers and constants directly; what is left over last.
  package static let standard: [any Pass] = [
    DropIdentity(),
    FoldConstants(),
    InlineBranches(),
    UnshareVectors(),
    FoldBatchNorm(),
    DropZeroStates(),
    PickOperands(),
    DropDead(),
  ]

  /// Makes a pipeline; with `checks`, which debug builds always have, the graph is checked around every pass.
  package init(_ passes: [any Pass] = Pipeline.standard, checks: Bool = false) {
    self.passes = passes
    #if DEBUG
      self.checks = true
    #else
      self.checks = checks
    #endif
  }

  /// Runs every pass once and returns the names of those that changed the graph.
  ///
  /// Throws what a pass throws, and `internal` naming the pass that broke the graph and those before it.
  package func run(_ graph: inout Graph) throws(ShrinkError) -> [String] {
    if checks { try graph.check() }
    var changed: [String] = []
    for pass in passes {
      let name = type(of: pass).name
      if try pass.apply(to: &graph) { changed.append(name) }
      guard checks else { continue }
      do throws(ShrinkError) { try graph.check() } catch { throw .broken(by: name, after: changed, error) }
    }
    return changed
  }
}

extension ShrinkError {
  fileprivate static func broken(by name: String, after changed: [String], _ error: ShrinkError) -> ShrinkError {
    let before = changed.filter { $0 != name }
    let history = before.isEmpty ? "" : ", after \(before.joined(separator: ", "))"
    return ShrinkError(.internal, place: error.place, "the pass \(name)\(history) broke the graph: \(error.fact)")
  }
}
