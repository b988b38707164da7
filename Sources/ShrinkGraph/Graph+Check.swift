extension Graph {
  /// Checks what every stage relies on: indices in range, unique names, one producer a value, every value that is read
  /// is an input, a constant or computed, and no cycles.
  ///
  /// Throws `malformedModel` naming the first place that is wrong.
  package func check() throws(ShrinkError) {
    try checkNames()
    var known = Set(inputs)
    for i in values.indices where values[i].constant != nil { known.insert(ValueID(i)) }
    var computed = Set<ValueID>()
    for node in nodes {
      for output in node.outputs.compactMap(\.self) {
        guard values.indices.contains(output.index) else { throw .outOfRange(node.place) }
        let clashes = known.contains(output) && !(node.isConstant && values[output.index].constantForm == .constantNode)
        guard !clashes, computed.insert(output).inserted else {
          throw ShrinkError(
            .malformedModel, place: node.place, "'\(values[output.index].name)' is computed or given more than once",
            hint: "every value of an ONNX graph has one source: export the model again")
        }
      }
    }
    known.formUnion(computed)
    for node in nodes {
      for input in node.inputs.compactMap(\.self) { try check(input, read: node.place, in: known) }
    }
    for output in outputs { try check(output, read: "graph output", in: known) }
    _ = try topologicalOrder()
  }

  private func checkNames() throws(ShrinkError) {
    var seen = Set<String>()
    for value in values where !seen.insert(value.name).inserted {
      throw ShrinkError(.malformedModel, place: "value '\(value.name)'", "two tensors have this name")
    }
  }

  private func check(_ id: ValueID, read place: String, in known: Set<ValueID>) throws(ShrinkError) {
    guard values.indices.contains(id.index) else { throw .outOfRange(place) }
    guard known.contains(id) else {
      throw ShrinkError(
        .malformedModel, place: place,
        "reads '\(values[id.index].name)', which nothing computes and no initialiser holds",
        hint: "the file is incomplete: export the model again with its weights")
    }
  }
}

extension ShrinkError {
  fileprivate static func outOfRange(_ place: String) -> ShrinkError {
    ShrinkError(.internal, place: place, "names a value that does not exist")
  }
}
