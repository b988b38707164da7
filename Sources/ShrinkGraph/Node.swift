/// One attribute of a node.
package struct Attribute: Sendable {
  /// What an attribute holds.
  package enum Value: Sendable {
    case float(Float)
    case int(Int64)
    case string([UInt8])
    case tensor(Tensor)
    case floats([Float])
    case ints([Int64])
    case strings([[UInt8]])
    /// One or more subgraphs, to be run; what goes back to the file is in `carry`. `captures` are the outer values that
    /// they read.
    case graphs(_ bodies: [Graph] = [], captures: [String])
    /// Anything else: it stays in `carry`.
    case opaque
  }
  /// Name, as in the ONNX specification of the operator.
  package var name: String
  /// What it holds.
  package var value: Value
  /// The serialised attribute without what `value` holds: it goes back to the file as it came.
  package var carry: [UInt8]

  /// Makes an attribute.
  package init(_ name: String, _ value: Value, carry: [UInt8] = []) {
    self.name = name
    self.value = value
    self.carry = carry
  }
}

/// Index of a node in `Graph.nodes`.
package struct NodeID: Hashable, Sendable, Comparable {
  /// Position in `Graph.nodes`.
  package let index: Int
  /// Names the node at `index`.
  package init(_ index: Int) { self.index = index }
  package static func < (a: NodeID, b: NodeID) -> Bool { a.index < b.index }
}

/// One application of an operator.
package struct Node: Sendable {
  /// Name; may be empty.
  package var name: String
  /// Operator, as ONNX spells it.
  package var opType: String
  /// Operator domain; empty for ai.onnx.
  package var domain: String
  /// Operands; nil where an optional one is left out.
  package var inputs: [ValueID?]
  /// Results; nil where an optional one is left out.
  package var outputs: [ValueID?]
  /// Attributes, in the order of the file.
  package var attributes: [Attribute]
  /// The serialised node without operands, results and attributes: it goes back to the file as it came.
  package var carry: [UInt8]

  /// Makes a node.
  package init(
    _ opType: String, domain: String = "", name: String = "", inputs: [ValueID?], outputs: [ValueID?],
    attributes: [Attribute] = [], carry: [UInt8] = []
  ) {
    self.name = name
    self.opType = opType
    self.domain = domain == "ai.onnx" ? "" : domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
    self.carry = carry
  }

  /// Whether it is a Constant of ai.onnx.
  package var isConstant: Bool { opType == "Constant" && domain.isEmpty }

  /// Names of outer values that subgraphs in its attributes read.
  package var captures: [String] {
    attributes.flatMap { attribute -> [String] in
      if case .graphs(_, let captures) = attribute.value { captures } else { [] }
    }
  }

  /// How messages name it.
  package var place: String { name.isEmpty ? "a node (\(opType))" : "node '\(name)' (\(opType))" }
}
