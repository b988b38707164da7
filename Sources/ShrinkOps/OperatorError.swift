import ShrinkGraph

/// Why an operator cannot be read, inferred or run; the driver adds the node and the file.
package struct OperatorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kind of failure.
  package var code: ShrinkError.Code
  /// What is the case.
  package var fact: String
  /// What the user can do.
  package var hint: String?

  /// Makes an error.
  package init(_ code: ShrinkError.Code, _ fact: String, hint: String? = nil) {
    self.code = code
    self.fact = fact
    self.hint = hint
  }

  /// The model breaks the specification of the operator.
  package static func invalid(_ fact: String) -> OperatorError {
    OperatorError(.malformedModel, fact, hint: "the file breaks the operator's specification: export the model again")
  }

  /// The specification allows it, the kernel does not know it.
  package static func unsupported(_ fact: String) -> OperatorError {
    OperatorError(.unsupportedOperator, fact, hint: "this form of the operator cannot be run yet")
  }

  /// The shape of the result follows from elements of an operand that are known only when the network runs: the types
  /// behind it are unknown until then, and whoever runs it trusts the kernel.
  package static var shapeDependsOnData: OperatorError { .unsupported("the shape of its result depends on the data") }

  package var description: String { fact }
}
