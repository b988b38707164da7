import ShrinkGraph
import ShrinkOps

/// A graph as it is analysed: rewritten exactly, with the types of its values.
package struct Simplified: Sendable {
  /// The rewritten graph.
  package private(set) var graph: Graph
  /// Types for the given inputs, and what could not be inferred.
  package private(set) var inference: Inference

  /// Most branches behind each other that are followed.
  private static let most = 8

  /// Rewrites a graph by the passes of the pipeline and those steps that need types.
  ///
  /// `inputs` gives the type of every real input, by name.
  package init(_ model: Graph, inputs: [String: TensorType]) throws(ShrinkError) {
    graph = model
    _ = try Pipeline().run(&graph)
    inference = try Self.inference(graph, inputs)
    // Behind a branch that is taken there may be more shapes.
    for _ in 0..<Self.most where try FixTargets().apply(to: &graph, types: inference.types) {
      let changed = try Pipeline().run(&graph)
      inference = try Self.inference(graph, inputs)
      if !changed.contains(InlineBranches.name) { break }
    }
    if try followForms(inputs) {
      _ = try Pipeline().run(&graph)
      inference = try Self.inference(graph, inputs)
    }
  }

  /// Brings operators into forms in which more of their units are seen; returns whether anything changed.
  private mutating func followForms(_ inputs: [String: TensorType]) throws(ShrinkError) -> Bool {
    var hasChanged = false
    if try PlainEinsum().apply(to: &graph, types: inference.types) {
      inference = try Self.inference(graph, inputs)
      hasChanged = true
    }
    if try SplitStacks().apply(to: &graph, types: inference.types) {
      inference = try Self.inference(graph, inputs)
      hasChanged = true
    }
    if try ExposeAttention().apply(to: &graph, types: inference.types) {
      inference = try Self.inference(graph, inputs)
      hasChanged = true
    }
    return hasChanged
  }

  private static func inference(_ graph: Graph, _ inputs: [String: TensorType]) throws(ShrinkError) -> Inference {
    var types: [ValueID: TensorType] = [:]
    for input in graph.realInputs { types[input] = inputs[graph[input].name] }
    return try Inference(graph, inputs: types)
  }
}
