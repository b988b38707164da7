import ShrinkReduce

extension ReportText {
  /// Units that cannot go, those of one kind with the same reasons together, and why.
  static func leftAlone(_ list: [PinnedUnits], most: Int = ReportText.most) -> [String] {
    guard !list.isEmpty else { return [] }
    var order: [Likeness] = []
    var alike: [Likeness: [PinnedUnits]] = [:]
    for entry in list {
      let likeness = Likeness(entry)
      if alike[likeness] == nil { order.append(likeness) }
      alike[likeness, default: []].append(entry)
    }
    var lines = ["left alone"]
    for likeness in order.prefix(most) { lines += together(alike[likeness] ?? []) }
    if order.count > most { lines.append("  and \(order.count - most) more") }
    return lines
  }

  /// What entries have in common that are shown as one.
  private struct Likeness: Hashable {
    let kind: String
    let units: Int?
    let of: Int?
    let reasons: Set<[String]>

    init(_ entry: PinnedUnits) {
      (kind, units, of) = (entry.kind, entry.units, entry.of)
      reasons = Set(entry.reasons.map { [$0.by, $0.fact] })
    }
  }

  /// Entries that are alike.
  private static func together(_ entries: [PinnedUnits]) -> [String] {
    guard let first = entries.first else { return [] }
    var head = first.units.map { Figures.count($0) + " " } ?? ""
    if let units = first.units, let all = first.of, all > units { head += "of \(Figures.count(all)) " }
    head += first.of == 1 ? Figures.singular(first.kind) : first.kind
    head += entries.count > 1 ? ", \(entries.count) times:" : ":"
    var lines = Figures.wrapped(head, Figures.some(entries.flatMap(\.madeBy).unique, most: 3), indent: 2)
    let all = entries.flatMap(\.reasons)
    var order: [[String]] = []
    var names: [[String]: [String]] = [:]
    for reason in all {
      let key = [reason.by, reason.fact]
      if names[key] == nil { order.append(key) }
      names[key, default: []].append(reason.name)
    }
    for key in order.prefix(mostReasons) { lines += sentence(key[0], key[1], (names[key] ?? []).unique) }
    if order.count > mostReasons { lines.append("    and \(order.count - mostReasons) more reasons") }
    return lines
  }

  /// Most reasons of one entry that are shown.
  private static let mostReasons = 3

  /// `Softmax 's' normalises over all of them`, or that of several nodes.
  private static func sentence(_ by: String, _ fact: String, _ names: [String]) -> [String] {
    let named = names.filter { !$0.isEmpty }
    guard let first = named.first else { return Figures.wrapped(by.isEmpty ? fact : "\(by) \(fact)", [], indent: 4) }
    guard named.count > 1 else { return Figures.wrapped("\(by) '\(Figures.short(first))' \(fact)", [], indent: 4) }
    return Figures.wrapped("\(by) \(fact), \(named.count) times:", Figures.some(named, most: 2), indent: 4)
  }
}

extension Array where Element: Hashable {
  /// Each element once, in the order of their first occurrence.
  var unique: [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }
}
