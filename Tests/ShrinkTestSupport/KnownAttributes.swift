import Foundation

/// The attributes that operators read, found in their sources.
package enum KnownAttributes {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Sources/ShrinkOps")

  /// Attributes and texts in the source of an operator and of the helpers that it names.
  package static func of(_ name: String) throws -> (attributes: [KnownAttribute], texts: [String]) {
    let own = try String(contentsOf: folder.appending(path: "Ops/\(name).swift"), encoding: .utf8)
    let helpers = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") && !["Attributes.swift", "OperatorTable.swift"].contains($0) }
      .filter { own.contains($0.dropLast(6)) }
      .map { try String(contentsOf: folder.appending(path: $0), encoding: .utf8) }
    let text = ([own] + helpers).joined()
    let reads = text.matches(of: #/\.(int|ints|float|floats|string|tensor|dtype)\("(\w+)"/#)
    let attributes = reads.compactMap { read in
      KnownAttribute.Kind(rawValue: read.1 == "dtype" ? "int" : String(read.1)).map {
        KnownAttribute(String(read.2), $0)
      }
    }
    let texts = text.matches(of: #/"(\w+)"/#).map { String($0.1) }
    let cases = text.matches(of: #/case ([a-z][\w, ]*)\n/#).flatMap { $0.1.split(separator: ", ").map(String.init) }
    return (Array(Set(attributes)).sorted { $0.name < $1.name }, Array(Set(texts + cases + ["NOTSET"])).sorted())
  }
}
