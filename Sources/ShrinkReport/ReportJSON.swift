import Foundation
import ShrinkGraph

/// Writes reports as JSON: keys in snake case and sorted, numbers that are not finite as the texts "inf", "-inf", "nan".
package enum ReportJSON {
  /// The text of any report, without a newline at its end.
  ///
  /// Throws `internal` for values that JSON cannot hold.
  package static func text(_ value: some Encodable) throws(ShrinkError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw ShrinkError(.internal, place: "report", "cannot be written as JSON")
    }
  }

  /// Reads a report that `text` wrote.
  package static func read<Value: Decodable>(_ type: Value.Type, _ text: String) throws(ShrinkError) -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(type, from: Data(text.utf8))
    } catch {
      throw ShrinkError(.badData, place: "report", "is not the JSON that this version writes")
    }
  }
}
