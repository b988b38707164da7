import ShrinkGraph

/// A graph as it is written: weights in the forms in which the file held them, attention operators whole,
/// equal constants and equal steps once.
package struct Finished: Sendable {
  /// The graph.
  package private(set) var graph: Graph
  /// Weights that are held in another form than before, or with numbers rounded to it.
  package let forms: [WeightForm]

  /// `roundsFitted`: whether numbers that were fitted are rounded to the type in which the file held them.
  package init(_ reduced: Graph, roundsFitted: Bool) throws(ShrinkError) {
    graph = reduced
    // Attention reads weights in whatever form they are held; which they are is seen while they are constants.
    _ = try JoinAttention().apply(to: &graph)
    forms = try RestoreForms(roundsFitted: roundsFitted).apply(to: &graph)
    _ = try MergeConstants().apply(to: &graph)
    _ = try MergeNodes().apply(to: &graph)
    graph.dropUnnamedValues()
  }
}
