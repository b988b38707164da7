/// An equation of Einsum, such as `bij, bjk -> bik`, read for operands of given ranks.
///
/// Axes get labels: a number for each letter, and one for each axis of an ellipsis, counted from its last, since those
/// are broadcast. Source: ONNX operator documentation, Einsum.
package struct EinsumEquation {
  /// Labels of the axes of each operand.
  package let operands: [[Int]]
  /// Labels of the axes of the result.
  package let result: [Int]

  /// Labels of the axes of ellipses begin here; those below are the codes of letters.
  private static let ellipsis = 1 << 8

  /// Reads an equation; throws when it cannot be read or does not fit.
  package init(_ equation: String, ranks: [Int]) throws(OperatorError) {
    let sides = equation.filter { $0 != " " }.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count == 1 || sides.count == 2 else { throw .invalid("the equation '\(equation)' has two arrows") }
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    guard terms.count == ranks.count else {
      throw .invalid("the equation '\(equation)' has \(terms.count) terms for \(ranks.count) operands")
    }
    var operands: [[Int]] = []
    var broadcast = 0
    for (term, rank) in zip(terms, ranks) {
      let letters = term.filter { $0 != "." }.count
      let axes = rank - letters
      let hasEllipsis = term.contains(".")
      guard axes >= 0, hasEllipsis || axes == 0 else {
        throw .invalid("the term '\(term)' of '\(equation)' stands for a tensor with \(rank) axes")
      }
      operands.append(try Self.labels(term, ellipsis: axes))
      broadcast = max(broadcast, axes)
    }
    self.operands = operands
    if sides.count == 2 {
      result = try Self.labels(sides[1], ellipsis: broadcast)
    } else {
      let letters = operands.joined().filter { $0 < Self.ellipsis }.sorted()
      let once = letters.filter { letter in letters.count { $0 == letter } == 1 }
      result = Self.ellipsisLabels(broadcast) + once
    }
    let known = Set(operands.joined())
    guard Set(result).count == result.count, result.allSatisfy(known.contains) else {
      throw .invalid("the result of '\(equation)' repeats a letter, or has one that no operand has")
    }
  }

  private static func ellipsisLabels(_ count: Int) -> [Int] { (0..<count).reversed().map { ellipsis + $0 } }

  /// Labels of a term whose ellipsis stands for `count` axes.
  private static func labels(_ term: Substring, ellipsis count: Int) throws(OperatorError) -> [Int] {
    let parts = term.split(separator: "...", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isLetter } }) else {
      throw .invalid("the term '\(term)' of an equation is not made of letters and one ellipsis")
    }
    let letters = parts.map { $0.utf8.map(Int.init) }
    return letters.count == 1 ? letters[0] : letters[0] + ellipsisLabels(count) + letters[1]
  }

  /// The size of each label; throws when two axes of one label fit neither each other nor by repetition.
  func sizes(_ shapes: [[Int]]) throws(OperatorError) -> [Int: Int] {
    var sizes: [Int: Int] = [:]
    for (labels, shape) in zip(operands, shapes) {
      for (label, size) in zip(labels, shape) {
        let known = sizes[label] ?? 1
        guard size == known || size == 1 || known == 1 else {
          throw .invalid("its equation gives axes of \(known) and \(size) the same letter, in operands \(shapes)")
        }
        sizes[label] = known == 1 ? size : known
      }
    }
    return sizes
  }
}
