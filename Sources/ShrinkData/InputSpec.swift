import ShrinkGraph

/// What a model wants of one input.
package struct InputSpec: Sendable, Equatable {
  /// Name of the input.
  package let name: String
  /// Element type.
  package let dtype: DType
  /// Declared sizes; the first axis counts samples where it counts anything.
  package let dims: [Dim]

  /// Makes one.
  package init(name: String, dtype: DType, dims: [Dim]) {
    self.name = name
    self.dtype = dtype
    self.dims = dims
  }

  /// The real inputs of a graph.
  ///
  /// Throws `malformedModel` for one that declares neither type nor rank.
  package static func all(of graph: Graph) throws(ShrinkError) -> [InputSpec] {
    var specs: [InputSpec] = []
    for id in graph.realInputs {
      guard let type = graph[id].type, let dims = type.dims else {
        throw ShrinkError(
          .malformedModel, place: "input '\(graph[id].name)'", "declares no type or no number of axes",
          hint: "export the model with the shapes of its inputs")
      }
      specs.append(InputSpec(name: graph[id].name, dtype: type.dtype, dims: dims))
    }
    return specs
  }

  /// The declared shape as messages write it, `batch×3×224×224`.
  var shapeText: String { Self.text(dims[...]) }
  /// The declared shape of one sample.
  var sampleText: String { Self.text(dims.dropFirst()) }

  private static func text(_ dims: ArraySlice<Dim>) -> String {
    if dims.isEmpty { return "scalar" }
    return dims.map { dim in
      switch dim {
      case .known(let size): "\(size)"
      case .symbol(let name): name
      case .unknown: "?"
      }
    }.joined(separator: "×")
  }
}

/// A shape as messages write it, `3×224×224`.
func shapeText(_ shape: [Int]) -> String { shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: "×") }
