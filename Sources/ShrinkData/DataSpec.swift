import ShrinkGraph

/// One `--data` argument: a path, or the name of an input and a path.
package struct DataSpec: Sendable, Equatable {
  /// The input named in front of the path.
  package let input: String?
  /// The file.
  package let path: String

  /// Reads `path` or `name:path`.
  ///
  /// Names and paths may hold colons: a file that exists under the whole text wins, then the longest name of an input.
  /// Throws `badData` when the text in front of an existing file names no input.
  package init(_ text: String, inputs: [String]) throws(ShrinkError) {
    if MappedFile.exists(text) {
      (input, path) = (nil, text)
      return
    }
    let named = inputs.filter { text.hasPrefix($0 + ":") }.max { $0.utf8.count < $1.utf8.count }
    if let named {
      (input, path) = (named, String(text.dropFirst(named.count + 1)))
      return
    }
    for colon in text.indices where text[colon] == ":" {
      let rest = String(text[text.index(after: colon)...])
      if MappedFile.exists(rest) { throw .noSuchInput(String(text[..<colon]), file: rest, inputs: inputs) }
    }
    (input, path) = (nil, text)
  }
}

extension ShrinkError {
  /// The data names an input that the model does not have.
  static func noSuchInput(_ name: String, file: String, inputs: [String]) -> ShrinkError {
    ShrinkError(
      .badData, file: file, place: "array '\(name)'", "the model has no input of this name",
      hint: "its inputs are \(quoted(inputs))")
  }
}

/// Names as messages list them.
func quoted(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
