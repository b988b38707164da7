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

  /// The names, `most` of them and how many more there are.
  static func list(_ names: [String], most: Int = 2, between: String = ", ") -> String {
    guard names.count > most else { return names.isEmpty ? "-" : names.joined(separator: between) }
    return names.prefix(most).joined(separator: between) + " + \(names.count - most)"
  }

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
}
