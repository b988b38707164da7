/// A warning, as a value: the library prints nothing.
package struct Diagnostic: Sendable, Equatable, Codable {
  /// Node, value or array that it is about.
  package var place: String
  /// What is the case.
  package var fact: String

  /// Makes a warning.
  package init(place: String, fact: String) {
    self.place = place
    self.fact = fact
  }
}
