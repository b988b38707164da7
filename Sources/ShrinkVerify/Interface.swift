import ShrinkGraph

/// What users of a network hold on to: names, types and declared shapes of its inputs and outputs.
package enum Interface {
  /// What differs between two graphs, one sentence each; empty when nothing does.
  package static func differences(_ original: Graph, _ other: Graph) -> [String] {
    differences("input", original, original.realInputs, other, other.realInputs)
      + differences("output", original, original.outputs, other, other.outputs)
  }

  private static func differences(
    _ kind: String, _ a: Graph, _ inA: [ValueID], _ b: Graph, _ inB: [ValueID]
  ) -> [String] {
    let (namesA, namesB) = (inA.map { a[$0].name }, inB.map { b[$0].name })
    guard namesA == namesB else {
      return ["the \(kind)s \(namesA.joined(separator: ", ")) became \(namesB.joined(separator: ", "))"]
    }
    return zip(inA, inB).compactMap { x, y in
      let (before, after) = (text(a[x].type), text(b[y].type))
      return before == after ? nil : "\(kind) '\(a[x].name)' was \(before) and became \(after)"
    }
  }

  /// A declaration as messages write it: `float32 [N, 3, 224, 224]`.
  package static func text(_ type: DeclaredType?) -> String {
    guard let type else { return "undeclared" }
    guard let dims = type.dims else { return "\(type.dtype)" }
    let sizes = dims.map { dim in
      switch dim {
      case .known(let size): "\(size)"
      case .symbol(let name): name
      case .unknown: "?"
      }
    }
    return "\(type.dtype) [\(sizes.joined(separator: ", "))]"
  }
}
