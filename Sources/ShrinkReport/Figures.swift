import Foundation

/// Numbers as people read them.
enum Figures {
  /// `1,234,567`.
  static func count(_ number: Int) -> String {
    let digits = String(number.magnitude)
    let first = (digits.count - 1) % 3 + 1
    var groups = [String(digits.prefix(first))]
    var rest = digits.dropFirst(first)
    while !rest.isEmpty {
      groups.append(String(rest.prefix(3)))
      rest = rest.dropFirst(3)
    }
    return (number < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// `23.7 %` of the whole.
  static func share(_ part: Int, of whole: Int) -> String {
    whole > 0 ? fixed(100 * Double(part) / Double(whole), 1) + " %" : ""
  }

  /// `98.52 %`.
  static func perCent(_ value: Double?) -> String { value.map { fixed($0, 2) + " %" } ?? "-" }

  /// Four figures that count: `0.04781`, `1.203e-07`.
  static func error(_ value: Double?) -> String {
    guard let value else { return "-" }
    guard value.isFinite else { return "not finite" }
    return value == 0 ? "0" : String(format: "%.4g", value)
  }

  /// A number with a fixed number of decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

  /// The names with the number of times that each occurs, in the order of their first occurrence: `Relu × 3`.
  static func counted(_ names: [String]) -> [String] {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for name in names {
      if counts[name] == nil { order.append(name) }
      counts[name, default: 0] += 1
    }
    return order.map { counts[$0] == 1 ? $0 : "\($0) × \(counts[$0] ?? 0)" }
  }

  /// Columns of a terminal that lines keep to.
  static let width = 120

  /// A name of at most `longest` characters: the ends of names tell more than their beginnings.
  static func short(_ name: String, longest: Int = 56) -> String {
    guard name.count > longest else { return name }
    let end = name.suffix(longest - 1)
    // Whole parts of a path where one begins early enough.
    let slash = end.prefix(longest / 2).firstIndex(of: "/")
    return "…" + end[(slash ?? end.startIndex)...]
  }

  /// What one of the units is called: `channel of a residual stream`.
  static func singular(_ kind: String) -> String {
    let words = kind.split(separator: " ")
    guard let plural = words.firstIndex(where: { $0.hasSuffix("s") }) else { return kind }
    return words.indices.map { $0 == plural ? String(words[$0].dropLast()) : String(words[$0]) }.joined(separator: " ")
  }

  /// The names, `most` of them, the last with how many more there are.
  static func some(_ names: [String], most: Int) -> [String] {
    // One more name takes no more room than saying that there is one.
    guard names.count > most + 1 else { return names.map { short($0) } }
    var shown = names.prefix(most).map { short($0) }
    shown[most - 1] += " and \(names.count - most) more"
    return shown
  }

  /// A line that begins with `head`; items that do not fit go on under it.
  static func wrapped(_ head: String, _ items: [String], indent: Int, hanging: Int = 4) -> [String] {
    var lines: [String] = []
    var line = String(repeating: " ", count: indent)
    let words = head.split(separator: " ").map(String.init)
    func add(_ word: String) {
      if line.count + 1 + word.count > width, line.contains(where: { $0 != " " }) {
        lines.append(line)
        line = String(repeating: " ", count: indent + hanging)
      }
      line += line.last == " " || line.isEmpty ? word : " " + word
    }
    for word in words { add(word) }
    for (i, item) in items.enumerated() { add(i + 1 < items.count ? item + "," : item) }
    return lines + [line]
  }
}
