/// Index of a value in `Graph.values`.
package struct ValueID: Hashable, Sendable, Comparable {
  /// Position in `Graph.values`.
  package let index: Int
  /// Names the value at `index`.
  package init(_ index: Int) { self.index = index }
  package static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// One tensor of a graph: an input, a weight, or what a node computes.
package struct Value: Sendable {
  /// Where a constant stands in the file.
  package enum ConstantForm: Sendable, Equatable {
    /// In the list of initialisers.
    case initializer
    /// In a node with operator Constant, which stays in `Graph.nodes`.
    case constantNode
    /// In the list of sparse initialisers; `constant` is its dense form.
    case sparseInitializer
  }
  /// Name, unique in the graph.
  package var name: String
  /// What the file declares of it.
  package var type: DeclaredType?
  /// What the file declares it to hold, where that is no tensor: a sequence, say.
  package var container: String?
  /// Its elements, where they are constant.
  package var constant: Tensor?
  /// Where the constant stands in the file.
  package var constantForm: ConstantForm
  /// The serialised declaration (ValueInfoProto): it goes back to the file as it came, unless `type` was changed.
  package var carry: [UInt8]?
  /// The serialised constant (TensorProto) without its elements: names, documentation, encoding of the elements.
  package var constantCarry: [UInt8]?
  /// How the file holds it, where `constant` was computed ahead from a form that is smaller or that others read.
  package var stored: StoredForm?

  /// Makes a value.
  package init(
    _ name: String, type: DeclaredType? = nil, constant: Tensor? = nil, constantForm: ConstantForm = .initializer,
    carry: [UInt8]? = nil, constantCarry: [UInt8]? = nil
  ) {
    self.name = name
    self.type = type
    self.constant = constant
    self.constantForm = constantForm
    self.carry = carry
    self.constantCarry = constantCarry
  }
}
