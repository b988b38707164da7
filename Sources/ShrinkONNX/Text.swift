internal import ShrinkGraph

/// The text of a string field; empty where the field is absent.
///
/// Throws where it is not UTF-8.
func text(_ start: UnsafePointer<CChar>?, _ place: @autoclosure () -> String) throws(ShrinkError) -> String {
  guard let start else { return "" }
  guard let text = String(validatingCString: start) else {
    throw ShrinkError(
      .malformedModel, place: place(), "a text is not UTF-8: '\(String(cString: start))'",
      hint: "the file is damaged or was not written by an ONNX exporter: export the model again")
  }
  return text
}

/// Whether a string field is there and holds `expected`.
func says(
  _ start: UnsafePointer<CChar>?, _ expected: String, _ place: @autoclosure () -> String
) throws(ShrinkError) -> Bool {
  guard start != nil else { return false }
  return try text(start, place()) == expected
}
