extension ReportText {
  /// What is in a network.
  package static func lines(_ inventory: Inventory) -> [String] {
    var lines = [inventory.file]
    lines += header(inventory)
    lines += ["", "groups that can shrink"]
    if inventory.groups.isEmpty { lines.append("  none") } else { lines += table(inventory.groups) }
    lines += leftAlone(inventory.leftAlone)
    return lines
  }

  private static func header(_ inventory: Inventory) -> [String] {
    var table = Table(.left, .left, widest: 200)
    for port in inventory.inputs { table.add("input", "\(port.name): \(port.type)") }
    for port in inventory.outputs { table.add("output", "\(port.name): \(port.type)") }
    let domains = inventory.opsets.sorted { $0.key < $1.key }.map {
      $0.key.isEmpty ? "opset \($0.value)" : "\($0.key) \($0.value)"
    }
    table.add("format", "IR \(inventory.irVersion), \(domains.joined(separator: ", "))")
    table.add("parameters", Figures.count(inventory.parameters))
    if inventory.macs > 0 { table.add("multiply-accumulates", Figures.count(inventory.macs)) }
    let operators = inventory.operators.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    table.add("operators", Figures.list(operators.map { $0.value == 1 ? $0.key : "\($0.key) × \($0.value)" }, most: 8))
    return table.lines(indent: "  ")
  }

  private static func table(_ groups: [Inventory.Group]) -> [String] {
    var table = Table(.left, .right, .left, .left, .left)
    table.add("group", "units", "made by", "read by", "passes through")
    for group in groups {
      table.add(
        group.name, "\(group.units)", Figures.list(group.madeBy), Figures.list(group.readBy),
        Figures.list(Figures.counted(group.passesThrough), most: 3))
    }
    return table.lines(indent: "  ")
  }
}
