/// What went wrong in a numerical routine: a stable code and one sentence.
package struct MathError: Error, Sendable, CustomStringConvertible, Equatable {
  package let code: String
  package let message: String
  package var description: String { "\(message) [\(code)]" }

  package init(code: String, message: String) {
    self.code = code
    self.message = message
  }
}

extension MathError {
  /// A shape, stride or length that does not fit its neighbours.
  package static func shape(_ message: String) -> MathError { MathError(code: "math-shape", message: message) }

  /// oneDNN refused: `status` is its dnnl_status_t.
  static func library(_ what: String, _ status: Int32) -> MathError {
    let meaning = [1: "out of memory", 2: "invalid arguments", 3: "not implemented", 4: "iterator ends"][status]
    return MathError(code: "math-library", message: "oneDNN could not do \(what): \(meaning ?? "status \(status)")")
  }
}
