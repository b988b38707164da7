import Foundation

extension ReportText {
  /// What is in a network.
  package static func lines(_ inventory: Inventory) -> [String] {
    var lines = [inventory.file]
    lines += header(inventory)
    lines += [""] + groups(inventory.groups)
    lines += leftAlone(inventory.leftAlone, most: .max)
    return lines
  }

  private static func header(_ inventory: Inventory) -> [String] {
    var rows: [(String, [String])] = []
    for (label, ports) in [("input", inventory.inputs), ("output", inventory.outputs)] {
      // Between the sizes a line may be broken.
      for port in ports { rows.append((label, "\(port.name): \(port.type)".components(separatedBy: ", "))) }
    }
    let domains = inventory.opsets.sorted { $0.key < $1.key }.map {
      $0.key.isEmpty ? "opset \($0.value)" : "\($0.key) \($0.value)"
    }
    rows.append(("format", ["IR \(inventory.irVersion)"] + domains))
    rows.append(("parameters", [Figures.count(inventory.parameters)]))
    if inventory.macs > 0 { rows.append(("multiply-accumulates", [Figures.count(inventory.macs)])) }
    let operators = inventory.operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let counted = operators.map { $0.value == 1 ? $0.key : "\($0.key) × \($0.value)" }
    rows.append(("operators", Figures.some(counted, most: 8)))
    let widest = rows.map(\.0.count).max() ?? 0
    return rows.flatMap { label, items in
      var lines = Figures.wrapped("", items, indent: widest + 4, hanging: 2)
      lines[0] = "  " + label + lines[0].dropFirst(label.count + 2)
      return lines
    }
  }

  private static func groups(_ groups: [Inventory.Group]) -> [String] {
    guard !groups.isEmpty else { return ["groups that can shrink", "  none"] }
    var table = Table(.left, .left, .right, widest: 70)
    table.add("groups that can shrink", "", "parameters")
    for group in groups {
      let many = group.outputsPerUnit > 1 ? ", \(group.outputsPerUnit) outputs each" : ""
      let part = group.of > group.units ? "of \(Figures.count(group.of)) " : ""
      table.add(
        "  " + Figures.short(group.name, longest: 48), "\(Figures.count(group.units)) \(part)\(group.kind)\(many)",
        Figures.fixed(group.parameterShare, 1) + " %")
    }
    let heads = table.lines()
    return [heads[0]] + zip(heads.dropFirst(), groups).flatMap { [$0] + ties($1) }
  }

  /// What makes the units of a group, what they pass, and what reads them: in one line where that is short.
  private static func ties(_ group: Inventory.Group) -> [String] {
    let parts: [(String, [String])] = [
      ("made by", Figures.some(group.madeBy, most: 3)),
      ("through", Figures.some(Figures.counted(group.passesThrough), most: 8)),
      ("multiplied with each other in", Figures.some(group.multipliedBy, most: 3)),
      ("read by", Figures.some(group.readBy, most: 3)),
    ].filter { !$0.1.isEmpty }
    let whole = parts.map { "\($0) \($1.joined(separator: ", "))" }.joined(separator: "; ")
    if whole.count + 6 <= Figures.width { return ["      " + whole] }
    return parts.flatMap { Figures.wrapped($0, $1, indent: 6) }
  }
}
