/// Lines of cells under each other, columns as wide as their widest cell.
struct Table {
  /// Where the cells of a column stand.
  enum Side { case left, right }
  private let sides: [Side]
  private let widest: Int
  private var rows: [[String]] = []

  /// A table with the given columns; cells longer than `widest` lose their beginnings.
  init(_ sides: Side..., widest: Int = 48) { (self.sides, self.widest) = (sides, widest) }

  /// Adds a line; missing cells are empty.
  mutating func add(_ cells: String...) { rows.append(cells) }

  /// The lines, without blanks at their ends.
  func lines(indent: String = "") -> [String] {
    let cells = rows.map { $0.map(cut) }
    let widths = sides.indices.map { column in cells.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return cells.map { row in
      let padded = row.enumerated().map { column, cell in
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        return sides[column] == .left ? cell + blanks : blanks + cell
      }
      let line = indent + padded.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  private func cut(_ cell: String) -> String { Figures.short(cell, longest: widest) }
}
