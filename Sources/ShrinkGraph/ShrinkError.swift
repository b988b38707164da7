/// What went wrong, where, and what to do about it.
///
/// Printed as `file: place: fact [code]` with the hint on a line of its own. Codes are stable: scripts may hold on to them.
package struct ShrinkError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kinds of failure.
  package enum Code: String, Sendable, CaseIterable {
    /// The file cannot be opened, read or written.
    case io
    /// The model breaks the ONNX format or specification.
    case malformedModel = "malformed-model"
    /// The model uses a version of the format that is not known.
    case unsupportedVersion = "unsupported-version"
    /// A node that must be run has no kernel, or none for its types or attributes.
    case unsupportedOperator = "unsupported-operator"
    /// The data does not fit the model.
    case badData = "bad-data"
    /// The command line asks for something that makes no sense.
    case usage
    /// The target or floor was missed on the samples held out.
    case missedTarget = "missed-target"
    /// The run was interrupted.
    case interrupted
    /// A promise inside the program was broken.
    case `internal` = "internal-error"
  }
  /// Kind of failure.
  package var code: Code
  /// File at fault, where one is.
  package var file: String?
  /// Node, value or array at fault, where one is.
  package var place: String?
  /// What is the case, as a sentence without a full stop.
  package var fact: String
  /// What the user can do.
  package var hint: String?

  /// Makes an error; `file` and `place` may be added on the way up.
  package init(_ code: Code, file: String? = nil, place: String? = nil, _ fact: String, hint: String? = nil) {
    self.code = code
    self.file = file
    self.place = place
    self.fact = fact
    self.hint = hint
  }

  /// The same error, with the file named unless one is named already.
  package func inFile(_ name: String) -> ShrinkError {
    var copy = self
    copy.file = file ?? name
    return copy
  }

  /// The same error, with the place named unless one is named already.
  package func at(_ name: String) -> ShrinkError {
    var copy = self
    copy.place = place ?? name
    return copy
  }

  package var description: String {
    let head = [file, place, fact].compactMap(\.self).joined(separator: ": ") + " [\(code.rawValue)]"
    return hint.map { head + "\n  hint: " + $0 } ?? head
  }
}
